"""Commands of the text tower of searches."""

import os
from pathlib import Path

from .reader_commands import ROOT, RUNS

CLIP = ROOT.parent / "models" / "clip"


def add(commands) -> None:
    for add in (_add_pages, _add_train, _add_evaluate):
        add(commands)


def _add_pages(commands) -> None:
    def do(o) -> None:
        from . import look_pages

        look_pages.make(o.folder, o.clip, o.count, o.processes, o.seed)

    command = commands.add_parser("look-pages", help="make pages with what can be said about their looks, as CLIP embeds them")
    command.add_argument("folder", type=Path, nargs="?", default=RUNS / "look-pages")
    command.add_argument("--clip", type=Path, default=CLIP, help="folder of the router's CLIP (default models/clip)")
    command.add_argument("--count", type=int, default=4_500)
    command.add_argument("--processes", type=int, default=os.cpu_count() or 2)
    command.add_argument("--seed", type=int, default=1)
    command.set_defaults(do=do)


def _add_train(commands) -> None:
    def do(o) -> None:
        from . import run, stage_look

        run.be_kind()
        stage_look.train(o.pages, o.out, o.log, stage_look.Plan(o.minutes, o.rate))

    command = commands.add_parser("look", help="the text tower of searches, on pages of look-pages")
    command.add_argument("--minutes", type=float, default=6, help="of processor time, until the learning rate is down (default 6)")
    command.add_argument("--rate", type=float, default=2e-3, help="learning rate at its peak (default 0.002)")
    command.add_argument("--pages", type=Path, default=RUNS / "look-pages")
    command.add_argument("--out", type=Path, default=RUNS / "look", help="folder to write, and to go on from")
    command.add_argument("--log", type=Path, default=RUNS / "look.jsonl")
    command.set_defaults(do=do)


def _add_evaluate(commands) -> None:
    def do(o) -> None:
        from . import look_evaluate

        look_evaluate.report(o.pages, o.tower, o.clip)

    command = commands.add_parser("look-evaluate", help="how well queries find pages by their looks, beside chance and the router's own text tower")
    command.add_argument("--pages", type=Path, default=RUNS / "look-pages")
    command.add_argument("--tower", type=Path, default=CLIP / "search")
    command.add_argument("--clip", type=Path, default=CLIP, help="the router's CLIP, whose own text tower is the comparison")
    command.set_defaults(do=do)
