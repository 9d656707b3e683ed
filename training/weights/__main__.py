"""Every stage is a command, which continues from its checkpoint when it is run again."""

import argparse
import os
from pathlib import Path

from . import look_commands, question_commands, reader_commands
from .reader_commands import BASE, ROOT, RUNS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (_add_tower, _add_text, _add_bridge, _add_joint, _add_export, _add_clip_pages, _add_clip, _add_clip_mean, _add_heldout, _add_golden, _add_plot, _add_packages):
        add(commands)
    reader_commands.add(commands)
    question_commands.add(commands)
    look_commands.add(commands)
    options = parser.parse_args()
    options.do(options)


def _stage(commands, name: str, help: str, minutes: float, rate: float):
    """A command with the options of every training stage."""
    command = commands.add_parser(name, help=help)
    command.add_argument("--minutes", type=float, default=minutes, help=f"until the learning rate is down (default {minutes:g})")
    command.add_argument("--rate", type=float, default=rate, help=f"learning rate at its peak (default {rate:g})")
    command.add_argument("--out", type=Path, default=RUNS / f"{name}.pt", help="checkpoint to write, and to go on from")
    command.add_argument("--log", type=Path, default=RUNS / f"{name}.jsonl")
    command.add_argument("--processes", type=int, default=max(1, (os.cpu_count() or 2) - 1), help="that make pages")
    command.add_argument("--threads", type=int, default=os.cpu_count() or 2, help="that train, on a CPU")
    return command


def _add_tower(commands) -> None:
    def do(o) -> None:
        from . import run, stage_tower

        run.be_kind()
        stage_tower.train(o.out, o.log, stage_tower.Plan(o.minutes, o.rate), o.processes, o.threads)

    _stage(commands, "tower", "1: the vision tower learns characters", 150, 1e-3).set_defaults(do=do)


def _add_text(commands) -> None:
    def do(o) -> None:
        from . import run, stage_text

        run.be_kind()
        stage_text.train(o.start, o.out, o.log, stage_text.Plan(o.minutes, o.rate), o.processes, o.threads)

    command = _stage(commands, "text", "2: the text model learns to transcribe and extract, without images", 60, 1.2e-3)
    command.add_argument("--start", type=Path, default=RUNS / "tower.pt")
    command.set_defaults(do=do)


def _add_bridge(commands) -> None:
    def do(o) -> None:
        from . import run, stage_bridge

        run.be_kind()
        stage_bridge.train(o.tower, o.text, o.out, o.log, stage_bridge.Plan(o.minutes, o.rate), o.processes, o.threads)

    command = _stage(commands, "bridge", "3: the projector joins both", 5, 1e-3)
    command.add_argument("--tower", type=Path, default=RUNS / "tower.pt")
    command.add_argument("--text", type=Path, default=RUNS / "text.pt")
    command.set_defaults(do=do)


def _add_joint(commands) -> None:
    def do(o) -> None:
        from . import run, stage_joint

        run.be_kind()
        plan = stage_joint.Plan(o.minutes, o.rate, o.batch, o.damage, characters=o.characters)
        stage_joint.train(o.start, o.out, o.log, plan, o.processes)

    command = _stage(commands, "joint", "4: all parts together, on rendered pages", 240, 6e-4)
    command.set_defaults(do=do, processes=os.cpu_count() or 2)
    command.add_argument("--start", type=Path, default=RUNS / "bridge.pt", help="checkpoint, or folder of exported files, to begin from")
    command.add_argument("--batch", type=int, default=8, help="documents a step")
    command.add_argument("--damage", type=float, default=0.6, help="share of pages with scan damage")
    command.add_argument("--characters", type=float, default=0.3, help="weight of the character head's loss")


def _add_export(commands) -> None:
    def do(o) -> None:
        from . import checkpoint, export
        from .models import Reader

        reader = Reader()
        checkpoint.load_reader(reader, o.checkpoint)
        export.reader(reader, o.folder, o.kind)
        if o.half:
            checkpoint.save(o.half, {"parts": checkpoint.parts(reader, half=True)})
        for path in sorted(o.folder.glob("*.gguf")):
            print(f"{path}: {path.stat().st_size} bytes")

    command = commands.add_parser("export", help="write text.gguf and mmproj.gguf")
    command.add_argument("--checkpoint", type=Path, default=RUNS / "joint.pt")
    command.add_argument("--folder", type=Path, default=RUNS / "gguf")
    command.add_argument("--kind", choices=("f32", "f16", "q8_0"), default="q8_0")
    command.add_argument("--half", type=Path, help="also write the checkpoint in half precision, to go on from")
    command.set_defaults(do=do)


def _add_clip_pages(commands) -> None:
    def do(o) -> None:
        from . import stage_clip

        stage_clip.make_pages(o.folder, o.count, o.processes, o.seed)

    command = commands.add_parser("clip-pages", help="make the router's thumbnails")
    command.add_argument("folder", type=Path, nargs="?", default=RUNS / "clip-pages")
    command.add_argument("--count", type=int, default=12_000)
    command.add_argument("--processes", type=int, default=os.cpu_count() or 2)
    command.add_argument("--seed", type=int, default=1)
    command.set_defaults(do=do)


def _add_clip(commands) -> None:
    def do(o) -> None:
        from . import run, stage_clip

        run.be_kind()
        stage_clip.train(o.start, o.pages, o.out, o.log, stage_clip.Plan(o.minutes, o.rate), o.threads)

    command = _stage(commands, "clip", "the router's CLIP", 45, 1.2e-3)
    command.add_argument("--start", type=Path, help="folder of a CLIP to begin from; without, from nothing")
    command.add_argument("--pages", type=Path, default=RUNS / "clip-pages")
    command.set_defaults(do=do, out=RUNS / "clip")


def _add_clip_mean(commands) -> None:
    def do(o) -> None:
        from . import clip_model

        clip_model.save(o.out, *clip_model.mean(o.folders))

    command = commands.add_parser("clip-mean", help="average the weights of several points of one training of CLIP")
    command.add_argument("out", type=Path)
    command.add_argument("folders", type=Path, nargs="+")
    command.set_defaults(do=do)


def _add_heldout(commands) -> None:
    def do(o) -> None:
        from . import sets

        counts = {"receipt": o.receipts, "invoice": o.invoices, "screenshot": o.screenshots}
        print(f"{sets.write(o.folder, counts, o.seed, o.damage, o.tall)} documents in {o.folder}")

    command = commands.add_parser("heldout", help="write documents of layouts and fonts that training never saw, for `docmill eval` and `docmill calibrate`")
    command.add_argument("folder", type=Path)
    command.add_argument("--receipts", type=int, default=40)
    command.add_argument("--invoices", type=int, default=40)
    command.add_argument("--screenshots", type=int, default=40)
    command.add_argument("--seed", type=int, default=1)
    command.add_argument("--damage", type=float, default=0.5, help="share of pages with scan damage")
    command.add_argument("--tall", action="store_true", help="pages of 7 to 9 tiles")
    command.set_defaults(do=do)


def _add_golden(commands) -> None:
    def do(o) -> None:
        from . import golden

        golden.write(o.models, o.fixtures, o.folder)

    command = commands.add_parser("golden", help="record what PyTorch computes, for the program's own tests")
    command.add_argument("--models", type=Path, default=ROOT.parent / "models")
    command.add_argument("--fixtures", type=Path, default=ROOT.parent / "fixtures")
    command.add_argument("--folder", type=Path, default=ROOT.parent / "tests" / "golden")
    command.set_defaults(do=do)


def _add_plot(commands) -> None:
    def do(o) -> None:
        from . import plot

        plot.curves(o.logs, o.out)

    command = commands.add_parser("plot", help="draw the curves of training logs")
    command.add_argument("logs", type=Path, nargs="+")
    command.add_argument("--out", type=Path, default=RUNS / "curves.png")
    command.set_defaults(do=do)


def _add_packages(commands) -> None:
    def do(o) -> None:
        from . import fonts

        print(*fonts.packages(), "wamerican-small")

    commands.add_parser("packages", help="name the Debian packages of fonts and words").set_defaults(do=do)


if __name__ == "__main__":
    main()
