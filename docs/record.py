#!/usr/bin/env python3
"""Records docmill at work as docs/demo.svg: runs the commands below over three fixtures and shows what they print.

    python3 docs/record.py [--docmill target/release/docmill]

Each line appears when its command printed it; the times of a run are kept, typing is simulated.
"""

import argparse
import html
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
INPUTS = {
    "einvoice_facturx.pdf": "invoice/einvoice_facturx/input.pdf",
    "grocer.png": "receipt/uk_grocer/input.png",
    "payment.png": "screenshot/payment_cafe/input.png",
}
COMMANDS = [
    ["docmill", "run", "scans"],
    ["docmill", "show", "1"],
    ["docmill", "export", "--format", "csv", "--out", "rows.csv"],
]
COLUMNS = 112
CHARACTER, LINE, MARGIN, BAR = 7.8, 18, 16, 28  # pixels
TYPING, PAUSE = 0.04, 0.8  # seconds a character, and after each command


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--docmill", type=pathlib.Path, default=ROOT / "target/release/docmill")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "docs/demo.svg")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lines = record(options.docmill.resolve(), pathlib.Path(folder))
    options.out.write_text(draw(lines))
    print(f"{options.out}: {len(lines)} lines, {lines[-1][0]:.1f} s")


def record(docmill, folder):
    """Lines as (second, kind, text)."""
    (folder / "scans").mkdir()
    for name, fixture in INPUTS.items():
        shutil.copy(ROOT / "fixtures" / fixture, folder / "scans" / name)
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "NO_COLOR": "1"}
    lines, now = [], 0.5
    for command in COMMANDS:
        text = " ".join(command)
        now += TYPING * len(text)
        lines.append((now, "prompt", f"$ {text}"))
        start = time.monotonic()
        process = subprocess.Popen(
            [docmill, *command[1:]],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for line in process.stdout:
            shown = line.rstrip("\n").replace(f"{folder}/", "").expandtabs()
            lines.append((now + time.monotonic() - start, "output", shown[:COLUMNS]))
        if process.wait() not in (0, 3):
            raise SystemExit(f"{text}: exit code {process.returncode}")
        now += time.monotonic() - start + PAUSE
    return lines


def draw(lines):
    width = round(2 * MARGIN + COLUMNS * CHARACTER)
    height = BAR + 2 * MARGIN + LINE * len(lines)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"'
        ' aria-label="docmill reads a folder, shows a record with its evidence, and exports rows">',
        "<style>",
        "text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre;fill:#d6deeb;opacity:0;animation:show .1s forwards}",
        ".prompt{fill:#7fdbca}",
        "@keyframes show{to{opacity:1}}",
        "@media (prefers-reduced-motion:reduce){text{animation-delay:0s!important}}",
        "</style>",
        f'<rect width="{width}" height="{height}" rx="8" fill="#0b1622"/>',
        *(f'<circle cx="{20 + 18 * n}" cy="16" r="5" fill="{colour}"/>' for n, colour in enumerate(["#ff5f56", "#ffbd2e", "#27c93f"])),
    ]
    for number, (second, kind, text) in enumerate(lines):
        y = BAR + MARGIN + LINE * number + 12
        out.append(
            f'<text x="{MARGIN}" y="{y}" class="{kind}" xml:space="preserve" style="animation-delay:{second:.2f}s">{html.escape(text)}</text>'
        )
    return "\n".join([*out, "</svg>", ""])


if __name__ == "__main__":
    main()
