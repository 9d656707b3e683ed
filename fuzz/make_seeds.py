#!/usr/bin/env python3
"""Writes fuzz/seeds/<target>/: small good inputs that a fuzzer, and a property
test, start from. Needs Pillow. Run it again after a format changed:

    python3 fuzz/make_seeds.py
"""

import io
import json
import struct
from pathlib import Path

from PIL import Image

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


def put(target: str, name: str, content: bytes | str) -> None:
    folder = HERE / "seeds" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def compact(value) -> str:
    return json.dumps(value, separators=(",", ":"))


def amounts() -> None:
    for index, text in enumerate(["12.50", "-1.234,56 €", "USD1,053.52", "(12.00)", "1'234.50", "1 234,5", "\u221212,00"]):
        put("amount", str(index), text)


def answers() -> None:
    receipt = {
        "merchant_name": "CAFE \"NORD\"", "date": "2026-02-29", "currency": "EUR",
        "items": [{"description": "Tea, green", "quantity": "2", "amount": "6,40"}, {"description": None, "quantity": None, "amount": "1.234"}],
        "subtotal": "7.63", "tax": "1.22", "total": "8.85",
    }
    invoice = {
        "invoice_number": "R-1", "issue_date": "2026-01-02", "due_date": "2026-01-01", "currency": "XYZ",
        "line_items": [{"description": "x", "quantity": "3", "unit_price": "1.00", "line_total": "3.01"}],
        "net_total": "3.00", "tax_total": "0.57", "gross_total": "3.57",
    }
    screen = {"app_name": "Bank", "kind": "payment", "status": "completed", "date": "2026-01-02", "amount": "-5.00", "currency": "GBP"}
    wrong = {"total": 0.0, "items": [1, [], {"amount": {"a": 1}}], "added": {"deep": [[[]]]}, "date": "9999-99-99"}
    for index, value in enumerate([receipt, invoice, screen, wrong]):
        put("answer", str(index), compact(value))
        put("fields", str(index), bytes([index]) + compact(value).encode())
    put("answer", "cut", compact(receipt)[:90])


def einvoices() -> None:
    for path in sorted((ROOT / "fixtures/invoice").glob("einvoice_*/input.xml")):
        put("einvoice", path.parent.name.removeprefix("einvoice_"), path.read_bytes())
    put("einvoice", "dtd", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')


def models() -> None:
    config = json.loads((ROOT / "models/clip/config.json").read_text())
    put("clip_config", "shipped", compact(config))
    put("clip_config", "preprocessor", (ROOT / "models/clip/preprocessor_config.json").read_text())
    put("manifest", "shipped", (ROOT / "models/manifest.toml").read_text())

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    def entry(key: str, kind: int, value: bytes) -> bytes:
        return text(key) + struct.pack("<I", kind) + value

    metadata = [
        entry("general.architecture", 8, text("llama")),
        entry("llama.embedding_length", 4, struct.pack("<I", 8)),
        entry("llama.context_length", 10, struct.pack("<Q", 512)),
        entry("general.alignment", 4, struct.pack("<I", 64)),
        entry("a", 9, struct.pack("<IQ", 8, 2) + text("<s>") + text("b")),
        entry("b", 9, struct.pack("<IQ", 5, 2) + struct.pack("<ii", 1, -1)),
        entry("c", 6, struct.pack("<f", 1e-5)),
        entry("d", 7, b"\1"),
    ]
    tensor = text("token_embd.weight") + struct.pack("<IQQIQ", 2, 8, 3, 0, 0)
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, len(metadata)) + b"".join(metadata) + tensor
    put("gguf", "small", head)
    put("gguf", "empty", b"GGUF" + struct.pack("<IQQ", 2, 0, 0))

    header = compact({
        "__metadata__": {"format": "pt"},
        "a": {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 8]},
        "b": {"dtype": "F16", "shape": [], "data_offsets": [8, 10]},
    }).encode()
    put("safetensors", "small", struct.pack("<Q", len(header)) + header + bytes(10))


def calibrations() -> None:
    reliability = {
        "values": 3, "ece": 0.05, "brier": 0.1, "bins": [{"values": 3, "probability": 0.9, "right": 1.0}], "isotonic": [[0.1, 0.0], [0.9, 1.0]],
    }

    def certificate(rate, threshold):
        return {
            "max_error": rate, "threshold": threshold, "documents": 100, "risk": 0.001, "coverage": 0.5, "p_value": 0.08,
            "needed": None if threshold else 460,
        }

    signals = ["sum", "min", "tokens", "page_least", "kind:amount", "field:receipt:total", "type:receipt"]
    made = {
        "version": 1, "reader": {"name": "nano", "hash": "0123456789abcdef"}, "created": "2026-01-02T03:04:05Z", "docmill": "0.1.0",
        "types": ["receipt", "invoice"], "data": {"fitted": 50, "certified": 100, "predictions": 1000}, "confidence": 0.9,
        "certificates": [certificate(0.005, None), certificate(0.01, 0.99), certificate(0.1, 0.8)],
        "before": reliability, "after": reliability | {"bins": [], "isotonic": []},
        "scorer": {
            "intercept": -0.5, "strength": 4.0,
            "columns": [{"signal": signal, "center": -0.2, "scale": 0.7, "weight": 1.5 - index} for index, signal in enumerate(signals)],
        },
    }
    put("calibration", "small", compact(made))
    put("calibration", "nothing_certified", compact(made | {"certificates": [certificate(0.005, None)], "types": []}))
    put("calibration", "steep", compact(made | {"scorer": {"intercept": 1e9, "strength": 1.0, "columns": [
        {"signal": "sum", "center": -1e9, "scale": 1e-9, "weight": 1e9}, {"signal": "min", "center": 1e9, "scale": 1e-9, "weight": 1e9}]}}))
    put("calibration", "other_version", '{"version": 2}')


def frames() -> None:
    def frame(message, blob: bytes = b"") -> bytes:
        body = compact(message).encode()
        return struct.pack("<IQ", len(body), len(blob)) + body + blob

    read = {"op": "read", "width": 1, "height": 1, "doc_type": "receipt", "prompt": "p", "schema": {"a": [1]}, "max_tokens": 9}
    requests = [{"op": "open"}, {"op": "page", "index": 0, "spec": {"width": 9, "max_pixels": 9}}, {"op": "route", "count": 1, "side": 1}, read]
    put("frame", "requests", b"".join(frame(request, b"abc") for request in requests))
    replies = [
        {"reply": "ready", "side": 0},
        {"reply": "page", "width": 1, "height": 1, "words": [{"text": "a", "bbox": [0, 0, 1, 1]}]},
        {"reply": "failed", "failure": {"reason": "corrupt", "message": "m"}},
        {"reply": "routed", "routings": [{"verdict": {"Ok": "receipt"}, "probabilities": [["receipt", 1.0]], "embedding": None, "forced": False}]},
    ]
    for index, reply in enumerate(replies):
        put("frame", f"reply{index}", frame(reply, b"rgb"))


def pictures() -> None:
    image = Image.new("RGB", (20, 16), "white")
    for x in range(20):
        image.putpixel((x, x % 16), (x * 12, 0, 90))
    for kind, options in [("PNG", {}), ("JPEG", {}), ("WEBP", {}), ("BMP", {}), ("GIF", {}), ("TIFF", {})]:
        out = io.BytesIO()
        image.save(out, kind, **options)
        put("picture", kind.lower(), out.getvalue())
    out = io.BytesIO()
    image.convert("1").save(out, "TIFF", compression="group4", save_all=True, append_images=[image.convert("1").rotate(180)])
    put("picture", "tiff_2_pages", out.getvalue())
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(out, "JPEG", exif=exif, progressive=True)
    put("picture", "jpeg_turned", out.getvalue())
    out = io.BytesIO()
    image.save(out, "GIF", save_all=True, append_images=[image.rotate(90)])
    put("picture", "gif_animated", out.getvalue())


def texts() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": ["string", "null"], "format": "date", "pattern": "^[0-9-]*$"},
            "b": {"type": "array", "items": {"type": "object", "properties": {"c": {"type": ["string", "null"], "format": "amount"}}}},
            "d": {"enum": ["x", None]},
        },
        "x-docmill": {
            "labels": {"one": ["a page"], "two": ["a sheet", "a card"]},
            "pages": {"rule": "merge", "key": "a", "last": ["d"]},
            "required": ["a"],
            "checks": [
                {"sum": {"of": ["b[].c"], "equals": "d", "tolerance": "0.05"}},
                {"any_of": [{"order": {"earlier": "a", "later": "d"}}, {"product": {"each": "b", "of": ["c"], "equals": "c"}}]},
            ],
        },
    }
    put("schema", "small", compact(schema))
    put("schema", "unread", compact({"x-docmill": {"labels": ["a"], "read": False}}))
    put("settings", "file", 'db = "a\\"b.db"\nreaders = 2\nmin_confidence = 0.35\n# c\n[limits]\nmax_pages = 7\n')
    put("settings", "value", "limits.max_pages=50")


if __name__ == "__main__":
    amounts()
    answers()
    einvoices()
    models()
    calibrations()
    frames()
    pictures()
    texts()
