"""The commands that make the adapter of questions."""

from pathlib import Path

from .reader_commands import BASE, RUNS


def add(commands) -> None:
    for one in (_add_questions, _add_export):
        one(commands)


def _add_questions(commands) -> None:
    def do(o) -> None:
        from . import run, stage_questions

        run.be_kind(o.nice)
        plan = stage_questions.Plan(o.documents, o.rate, batch=o.batch, questions=o.questions, seed=o.seed)
        stage_questions.train(BASE, o.start, o.out, o.log, plan, o.workers)

    command = commands.add_parser("questions", help="teach an adapter to answer questions about a page")
    command.add_argument("--documents", type=int, default=6000, help="pages of the whole run; more of them extend a run (default 6000)")
    command.add_argument("--questions", type=int, default=8, help="a page (default 8)")
    command.add_argument("--rate", type=float, default=4e-4, help="learning rate before it falls (default 4e-4)")
    command.add_argument("--batch", type=int, default=4, help="pages a step")
    command.add_argument("--seed", type=int, default=1)
    command.add_argument("--start", type=Path, default=RUNS / "reader.pt", help="adapter to begin from, cut to the rank of this one (default runs/reader.pt)")
    command.add_argument("--out", type=Path, default=RUNS / "questions.pt", help="checkpoint to write, and to go on from")
    command.add_argument("--log", type=Path, default=RUNS / "questions.jsonl")
    command.add_argument("--workers", type=int, default=None, help="processes of one thread (default: one a core)")
    command.add_argument("--nice", type=int, default=10)
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
