"""The reference that the OCR engine's own post-processing is tested against:
PP-OCRv6 small run by ONNX Runtime, with RapidOCR's published DB and CTC
post-processing (which is PaddleOCR's). Packages: rapidocr 3.10.0 (its wheel
carries the same weights in ONNX), onnxruntime, opencv-python-headless, numpy.

    reference.py FIXTURES OUT

writes OUT/db_*.png (probability maps, 8 bits), OUT/db.json (the boxes found in
them), OUT/ctc.json (decoded random matrices) and OUT/pages.json (the text that
the whole reference reads on fixture pages)."""

import json
import pathlib
import sys

import cv2
import numpy as np
import onnxruntime
import rapidocr
from rapidocr.ch_ppocr_det.utils import DBPostProcess
from rapidocr.ch_ppocr_rec.utils import CTCLabelDecode

MODELS = pathlib.Path(rapidocr.__file__).parent / "models"
MEAN = np.array([0.485, 0.456, 0.406], "f4")
STD = np.array([0.229, 0.224, 0.225], "f4")
DB = dict(thresh=0.3, box_thresh=0.5, unclip_ratio=1.6, max_candidates=3000)


def session(name):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(MODELS / f"PP-OCRv6_{name}_small.onnx", options)


class Reference:
    def __init__(self):
        self.detector, self.recogniser = session("det"), session("rec")
        characters = self.recogniser.get_modelmeta().custom_metadata_map["character"]
        self.decode = CTCLabelDecode(character=characters.split("\n"))

    def probabilities(self, image, scale=1.0):
        """`image`: BGR. The map has the size of the scaled image."""
        height, width = (max(1, round(n * scale)) for n in image.shape[:2])
        small = image if scale == 1 else cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        padded = cv2.copyMakeBorder(small, 0, -height % 32, 0, -width % 32, cv2.BORDER_REPLICATE)
        x = ((padded.astype("f4") / 255 - MEAN) / STD).transpose(2, 0, 1)[None]
        return self.detector.run(None, {"x": x})[0][0, 0, :height, :width]

    def read(self, crops):
        """Text and confidence of line images (BGR, 48 pixels high)."""
        results = []
        for crop in crops:
            width = max(64, -(-crop.shape[1] // 32) * 32)
            x = np.zeros((1, 3, 48, width), "f4")
            x[0, :, :, : crop.shape[1]] = crop.astype("f4").transpose(2, 0, 1) / 127.5 - 1
            results += self.decode(self.recogniser.run(None, {"x": x})[0])[0]
        return results


class Post(DBPostProcess):
    """Scores boxes by the pixels whose centres lie in them. The original cuts
    the corners to whole pixels and counts every pixel that the outline
    touches, which moves and widens turned boxes."""

    def get_mini_boxes(self, contour):
        box, side = super().get_mini_boxes(contour)
        return box.round(3), side

    @staticmethod
    def box_score_fast(bitmap, box):
        corners = box.astype("f4").reshape(-1, 1, 2)
        x, y, width, height = cv2.boundingRect(corners)
        inside = [
            bitmap[row, column]
            for row in range(max(y, 0), min(y + height + 1, bitmap.shape[0]))
            for column in range(max(x, 0), min(x + width + 1, bitmap.shape[1]))
            if cv2.pointPolygonTest(corners, (float(column), float(row)), True) >= -0.01
        ]
        return float(np.mean(inside)) if inside else 0.0


def boxes(probabilities, **options):
    """Quads, clockwise from the top left, in pixels of the map, and scores."""
    post = Post(score_mode="fast", use_dilation=False, **{**DB, **options})
    height, width = probabilities.shape
    return post(probabilities[None, None], (height, width))


def crop(image, quad, squeeze=1.0):
    quad = np.asarray(quad, "f4")
    width = (np.linalg.norm(quad[0] - quad[1]) + np.linalg.norm(quad[3] - quad[2])) / 2
    height = max(1.0, (np.linalg.norm(quad[0] - quad[3]) + np.linalg.norm(quad[1] - quad[2])) / 2)
    width = max(8, round(width / height * 48 * squeeze))
    target = np.array([[0, 0], [width, 0], [width, 48], [0, 48]], "f4")
    return cv2.warpPerspective(image, cv2.getPerspectiveTransform(quad, target), (width, 48), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def random_decodings(decode):
    """Matrices with runs, blanks and repeated characters."""
    random = np.random.default_rng(7)
    cases = []
    for _ in range(12):
        winners = np.repeat(random.integers(0, 6, 12), random.integers(1, 4, 12))
        logits = random.normal(0, 1, (len(winners), 6))
        logits[np.arange(len(winners)), winners] += 3
        rows = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        rows = rows.astype("f4").round(4)
        text, confidence = decode(rows[None])[0][0]
        cases.append(dict(rows=rows.tolist(), text=text, confidence=confidence))
    return cases


def main(fixtures, out):
    out.mkdir(exist_ok=True)
    reference = Reference()
    maps, pages = [], []
    for name, angle in [("receipt/us_office", 0), ("receipt/ie_fuel", 4), ("screenshot/transfer_bank", 0)]:
        image = cv2.imread(str(fixtures / name / "input.png"))
        if angle:
            height, width = image.shape[:2]
            turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
            image = cv2.warpAffine(image, turn, (width, height), borderValue=(255, 255, 255))
        probabilities = reference.probabilities(image, 0.75)
        kept = (probabilities[:288, :320] * 255).round().astype("u1")
        file = f"db_{name.split('/')[1]}.png"
        cv2.imwrite(str(out / file), kept)
        quads, scores = boxes(kept.astype("f4") / 255)
        maps.append(dict(file=file, boxes=quads.tolist(), scores=[round(float(s), 4) for s in scores]))
        if not angle:
            quads, _ = boxes(reference.probabilities(image))
            read = reference.read([crop(image, quad) for quad in quads])
            pages.append(dict(page=name, lines=[text for text, _ in read if text.strip()]))
    (out / "db.json").write_text(json.dumps(maps))
    decode = CTCLabelDecode(character=list("abcd"))
    (out / "ctc.json").write_text(json.dumps(random_decodings(decode)))
    (out / "pages.json").write_text(json.dumps(pages, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main(*map(pathlib.Path, sys.argv[1:3]))
