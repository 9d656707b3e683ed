"""The words of a corpus' pages, cached: PP-OCRv6 for pictures, text layers for PDFs."""

import json
from pathlib import Path

_DPI = 150  # pictures are given as pages on which a pixel is a pixel
_LEAST_CONFIDENCE = 0.3
_MOST_PAGES = 4


def cache(corpus: Path, kind: str, split: str, out: Path, threads: int) -> int:
    import pylopdf

    out.mkdir(parents=True, exist_ok=True)
    engine, done = None, 0
    for entry in json.loads((corpus / "MANIFEST.json").read_text())["documents"]:
        target = out / f"{Path(entry['path']).name}.json"
        if entry["kind"] != kind or entry["split"] != split or target.is_file():
            continue
        if kind == "receipt":
            engine = engine or pylopdf.OcrEngine(threads=threads)
            pages = [recognised(engine, corpus / entry["path"])]
        else:
            document = pylopdf.open(str(corpus / entry["path"]))
            pages = [[{"bbox": list(w[:4]), "text": w[4]} for w in document[i].get_text("words")] for i in range(min(_MOST_PAGES, len(document)))]
        fresh = target.with_suffix(".new")
        fresh.write_text(json.dumps(pages, ensure_ascii=False))
        fresh.replace(target)
        done += 1
    return done


def recognised(engine, picture: Path) -> list[dict]:
    """Text lines of a picture: bbox in pixels, text, confidence."""
    import pylopdf
    from PIL import Image

    with Image.open(picture) as image:
        width, height = image.size
    document = pylopdf.open()  # pages live as long as their document
    page = document.new_page(width=width * 72 / _DPI, height=height * 72 / _DPI)
    page.insert_image(page.rect, filename=str(picture))
    scale = _DPI / 72
    return [{"bbox": [side * scale for side in line["bbox"]], "text": line["text"], "confidence": line["confidence"]} for line in engine.recognize(page, dpi=_DPI, min_confidence=_LEAST_CONFIDENCE)]
