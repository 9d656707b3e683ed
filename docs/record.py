#!/usr/bin/env python3
"""Records docmill at work as docs/demo.svg: runs the commands below over three fixtures and shows what they print.

    python3 docs/record.py [--docmill target/release/docmill]

Each line appears when its command printed it, after at most LONGEST seconds; typing is simulated. Commands write to a
terminal of COLUMNS columns.
"""

import argparse
import fcntl
import html
import os
import pathlib
import pty
import shutil
import struct
import subprocess
import tempfile
import termios
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
INPUTS = {
    "grocer.png": "receipt/uk_grocer/input.png",
    "paper.pdf": "invoice/einvoice_facturx/input.pdf",
    "shop.png": "screenshot/order_shop/input.png",
}
COMMANDS = [
    ["docmill", "run", "scans"],
    ["docmill", "show", "scans/grocer.png"],
    ["docmill", "export", "--format", "csv", "--out", "rows.csv"],
]
COLUMNS, MOST_LINES = 130, 30  # of the terminal, and of what a command prints
CHARACTER, LINE, MARGIN, BAR = 7.2, 17, 16, 28  # pixels
TYPING, PAUSE, LONGEST = 0.04, 1.0, 4.0  # seconds: a character, after a command, a wait


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
    environment = {**os.environ, "NO_COLOR": "1"}
    lines, now = [], 0.5
    for command in COMMANDS:
        text = " ".join(command)
        now += TYPING * len(text)
        lines.append((now, "prompt", f"$ {text}"))
        output, wait, code = run([docmill, *command[1:]], folder, environment)
        now += min(wait, LONGEST)
        printed = output.replace(f"{folder}/", "").splitlines()
        more = [f"… {len(printed) - MOST_LINES} more lines"] if len(printed) > MOST_LINES else []
        for line in printed[:MOST_LINES] + more:
            lines.append((now, "output", line.rstrip().expandtabs()))
        if code not in (0, 3):
            raise SystemExit(f"{text}: exit code {code}")
        now += PAUSE
    return lines


def run(command, folder, environment):
    """What a command prints to a terminal, its seconds and its exit code."""
    ours, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 200, COLUMNS, 0, 0))
    start = time.monotonic()
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=terminal, stderr=subprocess.DEVNULL
    )
    os.close(terminal)
    output = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        output += part
    code = process.wait()
    os.close(ours)
    return output.decode(), time.monotonic() - start, code


def draw(lines):
    width = round(2 * MARGIN + COLUMNS * CHARACTER)
    height = BAR + 2 * MARGIN + LINE * len(lines)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"'
        ' aria-label="docmill reads a folder, shows a record with its evidence, and exports rows">',
        "<style>",
        "text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre;fill:#d6deeb;opacity:0;animation:show .1s forwards}",
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
