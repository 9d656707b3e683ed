import json

import numpy as np

from weights import word_spaces


def _features(folder, lines):
    """A page whose OCR lines are read without their spaces; a gap is wide where one is printed."""
    page, out = folder / "page.png", folder / "features.jsonl"
    page.with_suffix(".boxes.json").write_text(json.dumps([{"box": [0, 20 * i, 100, 20 * i + 10], "text": text} for i, text in enumerate(lines)]))
    with out.open("w") as file:
        for i, text in enumerate(lines):
            letters, spaces = word_spaces._split(text)
            measures = [[0.0, 0.2 * space, 0, 0, 0, 0, 0] for space in spaces[1:]]
            read = {"page": str(page), "box": {"x0": 0, "y0": 20 * i, "x1": 100, "y1": 20 * i + 10}, "letters": letters, "spaces_read": [False] * len(letters)}
            read |= {"between_letters": [True] * len(measures), "measures": measures, "kinds": [[0.0] * 7] * len(measures)}
            file.write(json.dumps(read) + "\n")
    return out


def test_truth_is_taken_letter_by_letter_from_the_line_at_the_place(tmp_path):
    sample = list(word_spaces.lines(_features(tmp_path, ["SANYU STATIONERY SHOP", "NO. 31 JALAN"])))
    assert [line.truth.sum() for line in sample] == [2, 2]
    assert sample[0].truth.nonzero()[0].tolist() == [4, 14]
    assert not sample[0].read.any()


def test_weights_separate_wide_gaps_from_narrow_ones(tmp_path):
    sample = list(word_spaces.lines(_features(tmp_path, ["SANYU STATIONERY SHOP", "AIK HUAT HARDWARE"])))
    bias, weights = word_spaces.regression(word_spaces._join(sample, "measures"), word_spaces._join(sample, "truth"))
    logits = bias + word_spaces._join(sample, "measures") @ weights
    assert ((logits > 0) == word_spaces._join(sample, "truth")).all()
    assert np.isfinite(weights).all()
