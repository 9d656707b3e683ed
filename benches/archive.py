#!/usr/bin/env python3
"""What docmill finds in an archive with known answers: layouts, copies, siblings, pages by search,
turned and blurred pages.

Makes documents of several sellers, each with one layout, and copies of some of them; reads them
with the shipped program, whose reader is a server in this script that answers with the truth, so
that the figures are those of the archive and not of a model. Most pages are PDFs with a text
layer; pages that are turned, blurred or blank are pictures, which take OCR.

    python3 benches/archive.py --docmill target/release/docmill --sellers 20 --out OUT

With the OUT of an interrupted call it goes on: pages are not made or read again.

Needs what training/requirements.txt names.
"""

import argparse
import base64
import collections
import http.server
import io
import itertools
import json
import math
import pathlib
import random
import shutil
import sqlite3
import subprocess
import threading
import time

import numpy
from PIL import Image, ImageFilter

import made_pages

SIDE = 96
"""Of the pictures by which the server knows pages."""
LOOKS = {
    "invoice": ("an invoice with a table of items", "Rechnung mit einer Tabelle", "facture d'une entreprise"),
    "receipt": ("a till receipt of a shop", "Kassenbon aus einem Laden", "resit kedai"),
    "turned": ("a document lying on its side", "auf der Seite liegendes Blatt"),
    "blurred": ("a blurry scan", "unscharfes Bild"),
}
"""Descriptions of kinds of documents and of copies."""


def thumbnail(image):
    return numpy.asarray(image.convert("L").resize((SIDE, SIDE), Image.BOX), numpy.float32).ravel()


class Truth(http.server.BaseHTTPRequestHandler):
    """Answers with the truth of the known page that is most like the one in the request."""

    pages, truths = None, []

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        parts = [part for message in request["messages"] if isinstance(message["content"], list) for part in message["content"]]
        url = next(part["image_url"]["url"] for part in parts if part["type"] == "image_url")
        image = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
        nearest = int(numpy.abs(self.pages - thumbnail(image)).mean(1).argmin())
        content = json.dumps(self.truths[nearest], ensure_ascii=False)
        body = json.dumps({"choices": [{"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}]}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Archive:
    """The made documents. Of each file: kind of document, seller, number, and kind of copy."""

    def __init__(self, folder):
        self.folder, self.files, self.pictures, self.truths = folder, {}, [], []

    def add(self, about, image, words, truth):
        path = self.folder / f"{len(self.files):05}.{'pdf' if words is not None else 'png'}"
        if words is None:
            image.save(path)
        else:
            made_pages.pdf(image, words, path)
        self.files[str(path)] = about
        self.pictures.append(thumbnail(image))
        self.truths.append(truth)


def scaled(image, words, factor):
    size = [round(side * factor) for side in image.size]
    return image.resize(size, Image.LANCZOS), [(word, *(factor * n for n in box)) for word, *box in words]


def cropped(image, words, share):
    """Takes a share of the width and of the height off the blank margins of each side."""
    ink = numpy.asarray(image) < 128
    columns, rows = numpy.flatnonzero(ink.any(0)), numpy.flatnonzero(ink.any(1))
    left, top = min(columns[0], int(share * image.width)), min(rows[0], int(share * image.height))
    right, bottom = max(columns[-1] + 1, int((1 - share) * image.width)), max(rows[-1] + 1, int((1 - share) * image.height))
    return image.crop((left, top, right, bottom)), [(word, x - left, y - top, *size) for word, x, y, *size in words]


def encoded(image, words, quality):
    pixels = io.BytesIO()
    image.save(pixels, "JPEG", quality=quality)
    return Image.open(pixels).convert("L"), words


COPIES = {
    "re-encoded": lambda image, words: encoded(image, words, 40),
    "rescaled": lambda image, words: scaled(image, words, 0.7),
    "cropped": lambda image, words: cropped(image, words, 0.04),
    "rescanned": lambda image, words: cropped(*scaled(*encoded(image, words, 50), 0.9), 0.03),
}
def photographed(image, dice):
    """Taken from an angle on a dark table."""
    width, height = image.size
    sheet = Image.new("L", (round(1.2 * width), round(1.15 * height)), 70)
    sheet.paste(image, (round(0.1 * width), round(0.07 * height)))
    shift = lambda: dice.uniform(0, 0.04) * width
    corners = (-shift(), -shift(), -shift(), sheet.height + shift(), sheet.width + shift(), sheet.height + shift(), sheet.width + shift(), -shift())
    return sheet.transform(sheet.size, Image.QUAD, corners, Image.BICUBIC, fillcolor=70)


BLURS = (0.0, 0.08, 0.16)
"""Standard deviation as a share of the text's height; 24 pixels is usual here."""


def make(folder, sellers, pictures, dice):
    archive = Archive(folder)
    for kind, seller in itertools.product(made_pages.sellers.MAKERS, range(sellers)):
        for number in range(dice.choice([1, 2, 3, 4])):
            document = made_pages.document(kind, f"archive {kind} {seller}", number)
            image, words = made_pages.picture(document.pages[0]), list(made_pages.words(document.pages[0]))
            archive.add((kind, seller, number, "original"), image, words, document.truth)
            if dice.random() < 0.4:
                copy = dice.choice(list(COPIES))
                archive.add((kind, seller, number, copy), *COPIES[copy](image, words), document.truth)
            if number == 0 and seller < pictures:
                for turn in (90, 180, 270):
                    archive.add((kind, seller, number, f"turned {turn}"), image.rotate(-turn, expand=True), None, document.truth)
                for blur in BLURS:
                    blurred = image.filter(ImageFilter.GaussianBlur(blur * 24)) if blur else image
                    archive.add((kind, seller, number, f"blurred {blur}"), blurred, None, document.truth)
                archive.add((kind, seller, number, "photographed"), photographed(image, dice), None, document.truth)
    for number in range(pictures):
        noise = numpy.random.default_rng(number).normal(245, 3, (1100, 800))
        archive.add((None, None, number, "blank"), Image.fromarray(noise.clip(0, 255).astype(numpy.uint8)), None, {})
    return archive


def kept(folder, sellers, pictures, dice):
    """The archive in `folder`, made where it is not there yet."""
    known, seen = folder / "known.json", folder / "pictures.npy"
    if known.exists():
        archive = Archive(folder / "in")
        files, archive.truths = json.loads(known.read_text())
        archive.files = {path: tuple(about) for path, about in files.items()}
        archive.pictures = list(numpy.load(seen))
        return archive
    (folder / "in").mkdir(parents=True)
    archive = make(folder / "in", sellers, pictures, dice)
    numpy.save(seen, numpy.stack(archive.pictures))
    known.write_text(json.dumps([archive.files, archive.truths], ensure_ascii=False))
    return archive


class Docmill:
    def __init__(self, program, folder, models, base_url):
        self.program, self.database = program, folder / "archive.db"
        own = folder / "models"
        shutil.copytree(models, own, dirs_exist_ok=True)
        with (own / "manifest.toml").open("a") as manifest:
            manifest.write(f'\n[endpoint.truth]\nkind = "openai"\nbase_url = "{base_url}"\nmodel = "truth"\nlogprobs = false\nimage_format = "jpeg"\n')
        self.common = ["--db", str(self.database), "--models", str(own)]

    def __call__(self, *arguments):
        return subprocess.run([self.program, *self.common, *map(str, arguments)], stdout=subprocess.PIPE, text=True).stdout

    def lines(self, *arguments):
        return [json.loads(line) for line in self(*arguments, "--json").splitlines()]


def layouts(docmill, about):
    """Purity: share of records in a layout of mostly their seller. Completeness: share of pairs of
    one seller that are in one layout."""
    groups = [[about[record] for record in layout["records"] if record in about] for layout in docmill.lines("layouts")]
    sellers = [collections.Counter((kind, seller) for kind, seller, *_ in group) for group in groups]
    pages = sum(counts.total() for counts in sellers)
    together = sum(math.comb(n, 2) for counts in sellers for n in counts.values())
    of_seller = collections.Counter(itertools.chain.from_iterable(counts.elements() for counts in sellers))
    print(f"layouts: {len(groups)} of {len(of_seller)} sellers, {pages} records; purity {sum(max(counts.values(), default=0) for counts in sellers) / pages:.3f}, completeness {together / sum(math.comb(n, 2) for n in of_seller.values()):.3f}")


def duplicates(docmill, about):
    found = docmill.lines("duplicates")[0]
    numbers = lambda members: [member["record"] for member in members if member["record"] in about]
    grouped = {pair for group in found["groups"] for pair in itertools.combinations(sorted(numbers(group["members"])), 2)}
    undecided = {tuple(sorted(numbers(pair["members"]))) for pair in found["undecided"]}
    same = lambda pair: about[pair[0]][:3] == about[pair[1]][:3]
    wrong = [pair for pair in grouped if not same(pair)]
    print(f"duplicates: {len(grouped)} pairs grouped, {len(wrong)} of different documents; {len(undecided)} undecided, {sum(not same(pair) for pair in undecided if len(pair) == 2)} of them of different documents")
    siblings = [pair for pair in itertools.combinations(sorted(about), 2) if about[pair[0]][:2] == about[pair[1]][:2] and not same(pair)]
    print(f"  siblings: {len(siblings)} pairs, {sum(pair in grouped for pair in siblings)} grouped, {sum(pair in undecided for pair in siblings)} undecided")
    originals = {key[:3]: record for record, key in about.items() if key[3] == "original"}
    tally = collections.defaultdict(collections.Counter)
    for record, key in about.items():
        if key[3] != "original" and key[:3] in originals:
            pair = tuple(sorted((record, originals[key[:3]])))
            tally[key[3]]["grouped" if pair in grouped else "undecided" if pair in undecided else "missed"] += 1
    for kind, counts in sorted(tally.items()):
        print(f"  {kind}: {counts['grouped']} of {counts.total()} found, {counts['undecided']} undecided")


def search(docmill, records, about, queries, dice):
    legs = {"words": lambda hit: hit["ranks"]["words"], "resembling words": lambda hit: hit["ranks"]["near_words"], "CLIP": lambda hit: hit["ranks"]["look"]}
    name = {"invoice": "seller_name", "receipt": "merchant_name"}
    total = {"invoice": "gross_total", "receipt": "total"}
    scores = collections.defaultdict(list)
    chosen = [record for record, key in about.items() if key[3] == "original"]
    for record in dice.sample(chosen, min(queries, len(chosen))):
        key, fields = about[record], records[record]["fields"]
        if not fields.get(name[key[0]]) or not fields.get(total[key[0]]):
            continue
        wanted = {other for other, own in about.items() if own[:3] == key[:3]}
        hits = docmill.lines("search", *fields[name[key[0]]].split()[:2], fields[total[key[0]]], "--limit", 100)
        ranked = {"fused": [hit["record"] for hit in hits]}
        for leg, rank in legs.items():
            ranked[leg] = [hit["record"] for hit in sorted((hit for hit in hits if rank(hit)), key=rank)]
        for leg, order in ranked.items():
            first = next((place for place, other in enumerate(order, 1) if other in wanted), None)
            scores[leg].append((len(wanted & set(order[:10])) / min(10, len(wanted)), 1 / first if first else 0))
    for leg, values in scores.items():
        recall, mrr = numpy.mean(values, axis=0)
        print(f"search by name and total, {leg}: recall@10 {recall:.2f}, MRR {mrr:.2f} ({len(values)} queries)")


def looks(docmill, files):
    """Descriptions: how many of the first ten pages are right, by looks and all in all."""
    read = {path for (path,) in sqlite3.connect(docmill.database).execute("SELECT CAST(s.path AS TEXT) FROM sources s JOIN pages p ON p.document_id = s.document_id JOIN page_embeddings e ON e.page_id = p.id")}
    for what, queries in LOOKS.items():
        fits = lambda path: what == files[path][0] or files[path][3].split()[0] == what and files[path][3] != "blurred 0.0"
        all_right = sum(fits(path) for path in read)
        for query in queries:
            hits = docmill.lines("search", query, "--limit", 1000)
            by_look = sorted((hit for hit in hits if hit["ranks"]["look"]), key=lambda hit: hit["ranks"]["look"])
            right = lambda hits: sum(fits(hit["path"]) for hit in hits[:10])
            print(f"looks, \"{query}\": {right(by_look)} of the first {min(10, len(by_look))} by CLIP, {right(hits)} of the first {min(10, len(hits))} fused; {len(by_look)} found by CLIP, {all_right} of {len(read)} pages are such")


def quality(docmill, paths, files):
    connection = sqlite3.connect(docmill.database)
    measures = {path: json.loads(text) for path, text in connection.execute("SELECT CAST(s.path AS TEXT), q.measures FROM sources s JOIN pages p ON p.document_id = s.document_id JOIN page_quality q ON q.page_id = p.id")}
    tally, values = collections.defaultdict(collections.Counter), {}
    for path, (*_, copy) in files.items():
        what = copy.split()[0]
        if path not in measures or what not in ("turned", "blurred", "blank"):
            continue
        codes = {finding["code"] for finding in paths.get(path, {}).get("findings", [])}
        tally[copy]["pages"] += 1
        tally[copy]["right turn"] += measures[path].get("turned", 0) == (int(copy.split()[1]) if what == "turned" else 0)
        tally[copy]["too_blurred"] += "too_blurred" in codes
        tally[copy]["blank"] += "blank" in codes
        values[copy] = values.get(copy, []) + [measures[path]]
    for copy, counts in sorted(tally.items()):
        print(f"{copy}: {counts['pages']} pages, {counts['right turn']} with the right turn, {counts['too_blurred']} too_blurred, {counts['blank']} blank")
    sharp = [page for copy in ("blurred 0.0", "turned 90", "turned 180", "turned 270") for page in values.get(copy, [])]
    for copy, measure, sign in ((f"blurred {BLURS[1]}", "relative_blur", 1), (f"blurred {BLURS[2]}", "relative_blur", 1), ("blank", "ink", -1)):
        print(f"{copy} beside sharp pages, by {measure}: area under the ROC curve {area([sign * page.get(measure, 0) for page in values.get(copy, [])], [sign * page.get(measure, 0) for page in sharp]):.3f}")


def area(right, wrong):
    """Share of pairs in which the right one has the greater value."""
    pairs = [(a > b) + 0.5 * (a == b) for a in right for b in wrong]
    return sum(pairs) / len(pairs) if pairs else float("nan")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docmill", default="target/release/docmill")
    parser.add_argument("--models", type=pathlib.Path, default=pathlib.Path(__file__).parents[1] / "models")
    parser.add_argument("--sellers", type=int, default=20, help="of each kind of document, with 1 to 4 documents each")
    parser.add_argument("--pictures", type=int, default=4, help="sellers of each kind with turned and blurred pages, and blank pages, which take OCR")
    parser.add_argument("--queries", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder, new or of a call that was interrupted")
    options = parser.parse_args()
    dice, folder = random.Random(options.seed), options.out.resolve()
    archive = kept(folder, options.sellers, options.pictures, dice)
    Truth.pages, Truth.truths = numpy.stack(archive.pictures), archive.truths
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Truth)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    docmill = Docmill(options.docmill, folder, options.models, f"http://127.0.0.1:{server.server_port}/v1")
    start = time.monotonic()
    docmill("run", folder / "in", "--reader", "truth")
    print(f"{len(archive.files)} pages, read in {time.monotonic() - start:.0f} s")
    records = {record["id"]: record for record in map(json.loads, docmill("export", "--format", "jsonl").splitlines())}
    about = {number: archive.files[record["path"]] for number, record in records.items() if record["type"] and record["path"] in archive.files}
    print(f"{len(about)} records with a type")
    layouts(docmill, about)
    duplicates(docmill, about)
    quality(docmill, {record["path"]: record for record in records.values()}, archive.files)
    search(docmill, records, about, options.queries, dice)
    looks(docmill, archive.files)


if __name__ == "__main__":
    main()
