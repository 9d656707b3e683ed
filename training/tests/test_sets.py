"""Sets for `docmill eval`."""

import json

from weights import sets


def test_a_set_is_laid_out_like_the_fixtures_and_grows_from_its_beginning(tmp_path):
    small, large = tmp_path / "small", tmp_path / "large"
    assert sets.write(small, {"receipt": 1, "invoice": 1, "screenshot": 1}, seed=5) == 3
    assert sets.write(large, {"receipt": 2}, seed=5) == 2
    case = small / "receipt" / "000"
    assert len(list(case.glob("input.*"))) == 1
    expected = json.loads((case / "expected.json").read_text())
    assert expected == json.loads((large / "receipt" / "000" / "expected.json").read_text())
    assert expected["merchant_name"]
