#!/usr/bin/env python3
"""The default weights read by a plain loop over a prebuilt llama.cpp: the peer
of `docmill bench`, in time and in text.

    pip install xllamacpp numpy pillow
    python3 benches/plain_loop.py [DOCMILL.jsonl]

Reads the fixtures that are pictures, one after the other, greedily, without a
schema, two threads. With the output of `docmill run --json` over the same files
it counts the answers that hold the same fields.
"""
import base64
import io
import json
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import xllamacpp
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
TILE, COLUMNS = 384, {"receipt": 1, "invoice": 2, "screenshot": 1}


def crop(gray):
    """Blank margins cut, 3 % of the inked width kept."""
    ink = np.abs(gray.astype(np.float32) - np.median(gray)) > 45
    columns, rows = np.flatnonzero(ink.mean(0) > 0.004), np.flatnonzero(ink.mean(1) > 0.004)
    if len(columns) < 20 or len(rows) < 20:
        return gray
    margin = int(0.03 * (columns[-1] - columns[0]))
    return gray[max(0, rows[0] - margin):rows[-1] + margin + 1, max(0, columns[0] - margin):columns[-1] + margin + 1]


def tiles(path, columns):
    gray = crop(np.asarray(Image.open(path).convert("L")))
    width = TILE * columns
    height = round(gray.shape[0] * width / gray.shape[1])
    rows = -(-height // TILE)
    sheet = Image.new("L", (width, rows * TILE), int(np.median(gray)))
    sheet.paste(Image.fromarray(gray).resize((width, height), Image.LANCZOS), (0, 0))
    padded = np.pad(np.asarray(sheet), ((4, 4), (8, 8)), mode="edge")
    h, w = rows * TILE, width
    channels = np.stack([padded[:h, 8:8 + w], padded[8:, 16:], padded[8:, :w]], -1)
    for row in range(rows):
        for column in range(columns):
            yield channels[row * TILE:(row + 1) * TILE, column * TILE:(column + 1) * TILE]


def serve():
    params = xllamacpp.CommonParams()
    params.model.path, params.mmproj.path = str(ROOT / "models/text.gguf"), str(ROOT / "models/mmproj.gguf")
    params.n_ctx, params.n_parallel, params.n_batch, params.n_ubatch = 4608, 1, 2048, 1024
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 2
    params.hostnames, params.port = ["127.0.0.1"], 18191
    server = xllamacpp.Server(params)
    url = server.listening_address
    marker = json.load(urllib.request.urlopen(url + "/props"))["media_marker"]
    return server, url, marker


def ask(url, marker, images, instruction):
    data = []
    for image in images:
        file = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(image)).save(file, "PNG")
        data.append(base64.b64encode(file.getvalue()).decode())
    turn = "USER: " + "".join(f"<t{i + 1}>{marker}" for i in range(len(data))) + instruction + "\nASSISTANT: "
    body = {"prompt": {"prompt_string": turn, "multimodal_data": data}, "n_predict": 1100, "temperature": 0,
            "cache_prompt": False, "samplers": ["top_k"], "top_k": 1}
    request = urllib.request.Request(url + "/completion", json.dumps(body).encode(), {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request))["content"]


def main():
    pages = [p for p in sorted((ROOT / "fixtures").glob("*/*/input.*")) if p.suffix in (".png", ".jpg")]
    ours = {}
    if len(sys.argv) > 1:
        for line in open(sys.argv[1]):
            record = json.loads(line)
            ours[str(Path(record["path"]).resolve())] = record
    _server, url, marker = serve()
    ask(url, marker, tiles(pages[0], 1), "Transcribe.")
    seconds, same, compared = 0.0, 0, 0
    for page in pages:
        kind = page.parent.parent.name
        start = time.time()
        text = ask(url, marker, tiles(page, COLUMNS[kind]), f"Read the {kind}.")
        seconds += time.time() - start
        record = ours.get(str(page.resolve()))
        if record and record["type"] == kind:
            compared += 1
            try:
                same += json.loads(text) == record["fields"]
            except json.JSONDecodeError:
                pass
    print(f"{len(pages)} pages in {seconds:.1f} s, {seconds / len(pages):.2f} s a page")
    if ours:
        print(f"the same fields on {same} of {compared} pages that docmill took for the same type")


main()
