#!/usr/bin/env python3
"""The default weights in a plain loop: PP-OCR in Python, then a prebuilt
llama.cpp, one page after the other, to compare with `docmill run` in time and
values.

    pip install -r training/requirements.txt
    python3 benches/plain_loop.py --type receipt [--docmill target/release/docmill] PICTURE...

Each picture is decoded greedily, without a grammar, checks or a store; the type is
given. With `--docmill`, docmill then reads the same pictures as the same type into a
new database, and both times are printed with their ratio. Both times include loading
the weights.
"""
import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "training"))

from weights import corpus_words, page_text, reading  # noqa: E402
from weights.page_text import Segment  # noqa: E402


def plain(pictures, kind, base, adapter, threads):
    """Answers by picture, and the seconds of OCR and of the reader."""
    import pylopdf

    engine = pylopdf.OcrEngine(threads=threads)
    reader = reading.Reader(base, adapter, threads=threads)
    answers, ocr, asked = {}, 0.0, 0.0
    for picture in pictures:
        start = time.perf_counter()
        words = corpus_words.recognised(engine, picture)
        read = time.perf_counter()
        text = page_text.page_text([Segment(*w["bbox"], w["text"]) for w in words])
        answers[picture] = reader.ask(kind, text)["content"]
        ocr, asked = ocr + read - start, asked + time.perf_counter() - read
    return answers, ocr, asked


def docmill(program, pictures, kind):
    """Seconds of a run into a new database, and its records."""
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "--models", str(ROOT / "models"), "--db", f"{folder}/plain.db"]
        start = time.perf_counter()
        ran = subprocess.run([*command, "run", "--type", kind, *map(str, pictures)], capture_output=True, text=True)
        seconds = time.perf_counter() - start
        if ran.returncode not in (0, 3):
            sys.exit(ran.stderr)
        rows = subprocess.run([*command, "export"], capture_output=True, text=True, check=True).stdout
    return seconds, [json.loads(row) for row in rows.splitlines()]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("pictures", nargs="+", type=Path)
    options.add_argument("--type", required=True, choices=["receipt", "invoice", "screenshot"])
    options.add_argument("--docmill", help="the program to compare with")
    options.add_argument("--base", type=Path, default=Path.home() / ".local/share/docmill/models/smollm2-135m-instruct-q4_1.gguf")
    options.add_argument("--adapter", type=Path, default=ROOT / "models/adapter.gguf")
    options.add_argument("--threads", type=int, default=2)
    o = options.parse_args()
    start = time.perf_counter()
    answers, ocr, asked = plain(o.pictures, o.type, o.base, o.adapter, o.threads)
    loop = time.perf_counter() - start
    is_json = sum(parses(answer) for answer in answers.values())
    print(f"plain loop: {len(o.pictures)} pages in {loop:.1f} s (OCR {ocr:.1f}, reader {asked:.1f}); {is_json} answers are JSON")
    if o.docmill:
        seconds, records = docmill(o.docmill, o.pictures, o.type)
        print(f"docmill: {len(records)} records in {seconds:.1f} s; {loop / seconds:.2f} times as many pages a minute")


def parses(text):
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


if __name__ == "__main__":
    main()
