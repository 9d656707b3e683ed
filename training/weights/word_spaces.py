"""Fits the weights with which docmill's OCR decides where words end
(`src/engines/ocr/ppocr/spaces.rs`): two logistic regressions, between letters and
beside digits and signs.

The features come from the OCR itself, the truth from the lines beside the pages
(`NAME.boxes.json`: `[{"box": [x0, y0, x1, y1], "text": …}, …]`, in pixels).
"""

import difflib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

_LEAST_ALIKE = 0.8  # share of a line's letters that its truth must have
_PENALTY = 1.0  # of the squared weights of standardised features
_FOLDS = 5


class Line:
    """A line of text: features and truth of the places whose truth is known."""

    def __init__(self, page: str, read: dict, truth: list[bool | None]) -> None:
        known = [i for i, space in enumerate(truth) if space is not None]
        self.page = page
        self.truth = np.array([truth[i] for i in known], bool)
        self.read = np.array(read["spaces_read"][1:], bool)[known]
        self.letters = np.array(read["between_letters"], bool)[known]
        self.measures = np.array(read["measures"], float)[known]
        self.kinds = np.array(read["kinds"], float)[known]


def lines(features: Path) -> Iterator[Line]:
    truths: dict[str, list[dict]] = {}
    for text in features.open():
        read = json.loads(text)
        page = read["page"]
        if page not in truths:
            truths[page] = json.loads(Path(page).with_suffix(".boxes.json").read_text())
        truth = _truth(read, truths[page])
        if read["measures"] and truth and any(space is not None for space in truth):
            yield Line(page, read, truth)


def _truth(read: dict, printed: list[dict]) -> list[bool | None] | None:
    """Whether a space is printed after each letter but the last, by the line at the
    same place that has most of the letters."""
    box, letters, best = read["box"], [letter.upper() for letter in read["letters"]], None
    for line in printed:
        x0, y0, x1, y1 = line["box"]
        across = min(x1, box["x1"]) - max(x0, box["x0"])
        down = min(y1, box["y1"]) - max(y0, box["y0"])
        if across <= 0 or down < 0.5 * min(y1 - y0, box["y1"] - box["y0"]):
            continue
        text, spaces = _split(line["text"])
        matches = difflib.SequenceMatcher(None, letters, text, autojunk=False).get_matching_blocks()
        alike = sum(match.size for match in matches)
        if alike >= _LEAST_ALIKE * len(letters) and (best is None or alike > best[0]):
            best = alike, matches, spaces
    if best is None:
        return None
    truth: list[bool | None] = [None] * (len(letters) - 1)
    for match in best[1]:
        for i in range(match.size - 1):
            truth[match.a + i] = best[2][match.b + i + 1]
    return truth


def _split(text: str) -> tuple[list[str], list[bool]]:
    """The letters without spaces, and whether a space is before each."""
    letters, spaces, space = [], [], False
    for letter in text.strip().upper():
        if letter.isspace():
            space = True
        else:
            letters.append(letter)
            spaces.append(space)
            space = False
    return letters, spaces


def regression(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Bias and weights of a logistic regression, by Newton's method."""
    mean, spread = x.mean(0), x.std(0)
    spread[spread == 0] = 1
    z = np.column_stack([np.ones(len(x)), (x - mean) / spread])
    penalty = np.diag([0.0] + [_PENALTY] * x.shape[1])
    w = np.zeros(z.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(z @ w, -30, 30)))
        step = np.linalg.solve((z * (p * (1 - p))[:, None]).T @ z + penalty, z.T @ (y - p) - penalty @ w)
        w += step
        if abs(step).max() < 1e-8:
            break
    weights = w[1:] / spread
    return float(w[0] - weights @ mean), weights


class Model:
    def __init__(self, sample: list[Line]) -> None:
        letters, truth = _join(sample, "letters"), _join(sample, "truth")
        measures, kinds = _join(sample, "measures"), _join(sample, "kinds")
        self.letters = regression(measures[letters], truth[letters])
        self.others = regression(np.hstack([measures, kinds])[~letters], truth[~letters])

    def spaces(self, sample: list[Line]) -> np.ndarray:
        measures = _join(sample, "measures")
        letters = self.letters[0] + measures @ self.letters[1]
        others = self.others[0] + np.hstack([measures, _join(sample, "kinds")]) @ self.others[1]
        return np.where(_join(sample, "letters"), letters, others) > 0


def _join(sample: list[Line], name: str) -> np.ndarray:
    return np.concatenate([getattr(line, name) for line in sample])


def fit(features: Path) -> None:
    """Prints the weights as the program has them, and the errors of models that did not
    see the page, beside those of the recogniser."""
    sample = list(lines(features))
    pages = sorted({line.page for line in sample})
    fold = {page: i % _FOLDS for i, page in enumerate(pages)}
    lost, added, read_lost, read_added, places = 0, 0, 0, 0, 0
    for k in range(_FOLDS):
        model = Model([line for line in sample if fold[line.page] != k])
        held_out = [line for line in sample if fold[line.page] == k]
        truth, read, spaces = _join(held_out, "truth"), _join(held_out, "read"), model.spaces(held_out)
        places += len(truth)
        lost, added = lost + (truth & ~spaces).sum(), added + (spaces & ~truth).sum()
        read_lost, read_added = read_lost + (truth & ~read).sum(), read_added + (read & ~truth).sum()
    print(f"{len(pages)} pages, {places} places; recogniser: {read_lost} spaces lost, {read_added} added; weights: {lost} lost, {added} added")
    model = Model(sample)
    for name, values in ("LETTERS", model.letters[1]), ("OTHERS", model.others[1][:7]), ("KINDS", model.others[1][7:]):
        print(f"const {name}: [f32; 7] = [{', '.join(f'{value:.3f}' for value in values)}];")
    for name, value in ("LETTERS_BIAS", model.letters[0]), ("OTHERS_BIAS", model.others[0]):
        print(f"const {name}: f32 = {value:.3f};")
