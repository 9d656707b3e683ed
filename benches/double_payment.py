#!/usr/bin/env python3
"""Which scans of bills that were paid are paid again, and which bills of another month are held.

Made invoices come as PDFs, are read by the shipped program, corrected to their truth, approved and
exported. Then come pictures of them, as of a second scan, and bills of the same seller and amount of
the next months. They are read, and everything is approved as it was read, as by a person who looks at
nothing; only values without which a bill is not exported are entered, as the page has them. What is
exported then is paid.

    python3 benches/double_payment.py --docmill target/release/docmill --out OUT

Needs what training/requirements.txt names.
"""

import argparse
import collections
import dataclasses
import json
import pathlib
import subprocess
import time

import numpy
from PIL import Image

import made_pages
from made_pages import sellers
from weights import values

HEADER = ("seller_name", "seller_vat_id", "invoice_number", "issue_date", "currency", "net_total", "tax_total", "gross_total")


def cropped(image, share):
    """Takes a share off each side, where nothing is printed."""
    ink = numpy.asarray(image) < 128
    columns, rows = numpy.flatnonzero(ink.any(0)), numpy.flatnonzero(ink.any(1))
    left, top = min(columns[0], int(share * image.width)), min(rows[0], int(share * image.height))
    return image.crop((left, top, max(columns[-1] + 1, int((1 - share) * image.width)), max(rows[-1] + 1, int((1 - share) * image.height))))


def scaled(image, factor):
    return image.resize([round(side * factor) for side in image.size], Image.LANCZOS)


COPIES = {
    "rotated by 1.5 degrees": (lambda image: image.rotate(1.5, Image.BICUBIC, expand=True, fillcolor=255), 85),
    "turned by 90 degrees": (lambda image: image.rotate(90, expand=True), 85),
    "cropped": (lambda image: cropped(image, 0.04), 85),
    "rescaled to 70 %": (lambda image: scaled(image, 0.7), 85),
    "re-encoded, JPEG 30": (lambda image: image, 30),
    "all but the turn": (lambda image: cropped(scaled(image.rotate(-1, Image.BICUBIC, expand=True, fillcolor=255), 0.8), 0.03), 50),
}
"""What is done to the page, and the quality as JPEG."""


def of_month(style, month):
    """The bill of a later month: the same seller and amounts, the next number and date."""

    def later(first, _content):
        day, due = (at and values.later(at, round(30.44 * month)) for at in (first.day, first.due))
        number = first.number
        digits = [place for place, char in enumerate(number) if char.isdigit()][-3:]
        tail = f"{int(''.join(number[place] for place in digits)) + month:03}"[-len(digits):]
        for place, char in zip(digits, tail):
            number = number[:place] + char + number[place + 1 :]
        paid = dataclasses.replace(first.payment, reference=first.payment.reference and number)
        return dataclasses.replace(first, number=number, day=day, due=due, payment=paid)

    kept, sellers._next_bill = sellers._next_bill, later
    try:
        return made_pages.document("invoice", style, month)
    finally:
        sellers._next_bill = kept


class Docmill:
    def __init__(self, program, database, arguments):
        self.start = [program, "--db", str(database), *arguments]

    def __call__(self, *arguments):
        return subprocess.run([*self.start, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def records(self):
        return {record["path"]: record for record in map(json.loads, self("export", "--format", "jsonl").stdout.splitlines())}

    def correct(self, record, values):
        pairs = [f"{field}={value}" for field, value in values.items()]
        done = self("correct", record, *pairs, "--reason", "the truth", "--json")
        return json.loads(done.stdout)["id"] if done.stdout else record

    def approve(self, record):
        return self("correct", record, "--approve", "--reason", "as it was read")

    def export(self, folder):
        return json.loads(self("export", "--target", "xlsx", "--out", folder, "--json").stdout)


def make(first, second, number, months):
    """The made files: `first` come as PDFs, `second` later. Returns what each of `second` is, and the
    truth of each file."""
    what, truths = {}, {}
    for seller in range(number):
        page = of_month(f"paid {seller}", 0)
        image, path = made_pages.picture(page.pages[0]), first / f"{seller:03}.pdf"
        made_pages.pdf(image, list(made_pages.words(page.pages[0])), path)
        # Not every page prints a currency; a person knows it.
        truth = truths[str(path)] = {"currency": "EUR", **{field: value for field, value in page.truth.items() if value is not None}}
        for kind, (change, quality) in COPIES.items():
            path = second / f"{seller:03}-{len(what):04}.jpg"
            change(image).save(path, quality=quality, dpi=(made_pages.RESOLUTION, made_pages.RESOLUTION))
            what[str(path)], truths[str(path)] = kind, truth
        for month in range(1, months + 1):
            page, path = of_month(f"paid {seller}", month), second / f"{seller:03}-{len(what):04}.pdf"
            made_pages.pdf(made_pages.picture(page.pages[0]), list(made_pages.words(page.pages[0])), path)
            what[str(path)], truths[str(path)] = "bill of another month", {**truth, **page.truth, "currency": truth["currency"]}
    return what, truths


def held_bills(docmill, folder):
    """Exports what can be; returns what is held, by file."""
    files = {record["id"]: path for path, record in docmill.records().items()}
    return {files[held["record"]]: held for held in docmill.export(folder)["held"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docmill", default="target/release/docmill")
    parser.add_argument("--number", type=int, default=10, help="of sellers, each with one bill that is paid")
    parser.add_argument("--months", type=int, default=3, help="later bills of each seller")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="new folder")
    parser.add_argument("flags", nargs="*", help="of docmill, after --")
    options = parser.parse_args()
    folder = options.out.resolve()
    first, second = folder / "first", folder / "second"
    first.mkdir(parents=True), second.mkdir()
    what, truths = make(first, second, options.number, options.months)
    docmill = Docmill(options.docmill, folder / "paid.db", options.flags)
    start = time.monotonic()
    docmill("run", first, "--type", "invoice")
    for path, record in docmill.records().items():
        truth = {field: truths[path].get(field) or "" for field in HEADER if field in record["fields"]}
        docmill.approve(docmill.correct(record["id"], truth))
    held = held_bills(docmill, folder / "paid")
    print(f"paid: {options.number - len(held)} of {options.number} bills", *(bill["message"] for bill in held.values()))
    docmill("run", second, "--type", "invoice")
    tally = collections.defaultdict(collections.Counter)
    for path, record in docmill.records().items():
        if path in what:
            tally[what[path]]["read"] += 1
            codes = {finding["code"] for finding in record["findings"]}
            tally[what[path]]["possible_duplicate"] += "possible_duplicate" in codes
            tally[what[path]]["accepted by the run"] += record["status"] == "accepted"
            if record["status"] != "accepted":
                docmill.approve(record["id"])
    held = held_bills(docmill, folder / "again")
    for path, record in docmill.records().items():
        if path in what and path in held and held[path]["reason"] == "missing":
            tally[what[path]]["with a value that was missing"] += 1
            absent = {field: truths[path][field] for field in HEADER if truths[path].get(field) and record["fields"].get(field, "") is None}
            docmill.approve(docmill.correct(record["id"], absent))
    held = held_bills(docmill, folder / "completed")
    accepted = {path for path, record in docmill.records().items() if record["status"] == "accepted"}
    lines = []
    for path, kind in what.items():
        outcome = held[path]["reason"] if path in held else "paid" if path in accepted else "not approved"
        tally[kind][outcome] += 1
        lines.append({"path": path, "kind": kind, "outcome": outcome, "message": held.get(path, {}).get("message")})
    (folder / "outcomes.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    print(f"{len(truths)} pages in {time.monotonic() - start:.0f} s")
    for kind in [*COPIES, "bill of another month"]:
        counts = tally[kind]
        print(f"{kind}: {counts.pop('read', 0)} read; " + ", ".join(f"{name} {count}" for name, count in sorted(counts.items()) if count))
    copies = [line for line in lines if line["kind"] in COPIES]
    again = sum(line["outcome"] == "paid" for line in copies)
    print(f"copies: {again} of {len(copies)} paid again")


if __name__ == "__main__":
    main()
