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


def test_values_of_rows_that_are_not_printed_are_those_of_the_schema():
    rows = [{"description": "A", "quantity": None, "amount": None}, {"description": "B", "quantity": "3", "amount": "6.00"}]
    made = sets.with_defaults("receipt", {"total": None, "items": rows})
    assert [row["quantity"] for row in made["items"]] == ["1", "3"]
    assert made["total"] is None and "currency" not in sets.with_defaults("receipt", {"currency": None}) and made["items"][0]["amount"] is None
