"""The commands that make the adapter of questions."""

from pathlib import Path

from .reader_commands import BASE, RUNS, training_options


def add(commands) -> None:
    for one in (_add_questions, _add_export, _add_evaluate):
        one(commands)


def _add_questions(commands) -> None:
    def do(o) -> None:
        from . import run, stage_questions

        run.be_kind(o.nice)
        plan = stage_questions.Plan(o.documents, o.rate, batch=o.batch, questions=o.questions, seed=o.seed)
        stage_questions.train(BASE, o.start, o.out, o.log, plan, o.workers)

    command = commands.add_parser("questions", help="teach an adapter to answer questions about a page")
    training_options(command, "questions", documents=6000, rate=4e-4, batch=1)
    command.add_argument("--questions", type=int, default=20, help="a document, which is a page (default 20)")
    command.add_argument("--start", type=Path, default=RUNS / "reader.pt", help="adapter to begin from, cut to the rank of this one (default runs/reader.pt)")
    command.set_defaults(do=do)


def _add_export(commands) -> None:
    def do(o) -> None:
        from . import adapter, adapter_training, smollm, stage_questions

        model = smollm.SmolLM(smollm.Base(BASE), stage_questions.RANK)
        saved = adapter_training.load_adapter(model, o.checkpoint)
        o.out.parent.mkdir(parents=True, exist_ok=True)
        adapter.export(model, o.out, "docmill-small questions")
        print(f"{o.out}: {o.out.stat().st_size} bytes; { {key: saved[key] for key in ('documents', 'minutes', 'tokens', 'accuracy') if key in saved} }")

    command = commands.add_parser("questions-export", help="write the adapter of questions as llama.cpp's GGUF")
    command.add_argument("--checkpoint", type=Path, default=RUNS / "questions.pt")
    command.add_argument("--out", type=Path, default=RUNS / "gguf" / "questions.gguf")
    command.set_defaults(do=do)


def _add_evaluate(commands) -> None:
    def do(o) -> None:
        import torch

        from . import adapter, adapter_training, question_evaluate, reading, run, smollm

        run.be_kind()
        torch.set_num_threads(o.threads)
        base = smollm.Base(BASE)
        tokenizer = base.tokenizer()
        if o.checkpoint:
            model = smollm.SmolLM(base, adapter_training.rank_of(o.checkpoint))
            adapter_training.load_adapter(model, o.checkpoint)
        else:
            model = smollm.SmolLM(base, adapter.rank_of(o.adapter))
            adapter.load(model, o.adapter)
        result = question_evaluate.held_out(model, tokenizer, o.pages, o.seed, o.questions)
        print(result.table())
        if o.misses:
            for text, question in result.misses:
                print(f"{text}\n{question}\n")
        if o.parity and not o.checkpoint:
            same = question_evaluate.agreement(model, tokenizer, reading.Reader(BASE, o.adapter, o.threads), o.parity)
            print(f"llama.cpp: {same.same} of {same.asked} answers as here, {same.right} right")
            for difference in same.differences:
                print(*difference, sep=" | ")

    command = commands.add_parser("questions-evaluate", help="how many questions about held-out pages are answered right; and whether llama.cpp answers the same")
    command.add_argument("--pages", type=int, default=100, help="in known words, and as many in held-out ones")
    command.add_argument("--questions", type=int, default=12, help="a page")
    command.add_argument("--adapter", type=Path, default=RUNS / "gguf" / "questions.gguf")
    command.add_argument("--checkpoint", type=Path, help="in place of the exported adapter, such as runs/reader.pt for what was before")
    command.add_argument("--parity", type=int, default=100, help="questions that llama.cpp is asked too, with the exported adapter")
    command.add_argument("--seed", type=int, default=9)
    command.add_argument("--threads", type=int, default=2)
    command.add_argument("--misses", action="store_true", help="print the pages of wrong answers")
    command.set_defaults(do=do)
