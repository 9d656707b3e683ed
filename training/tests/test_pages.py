"""Pages: reproducible, true to the schemas, split from what is held out."""

import json
import random

import jsonschema
import numpy as np
import pytest

from weights import examples, fonts, paper, receipts, receipt_items, invoice_head, invoices, screenshots, tiles, truth, values
from weights.characters import INDEX, is_writable
from weights.names import one_line
from weights.vocabulary import EOS, decode

KINDS = ["receipt", "invoice", "screenshot"]


@pytest.mark.parametrize("kind", [*KINDS, "text"])
def test_a_seed_gives_the_same_page(kind):
    first, again, other = (examples.example(random.Random(seed), kind) for seed in (5, 5, 6))
    assert np.array_equal(first.tiles, again.tiles) and first.answer == again.answer
    assert np.array_equal(first.cells, again.cells)
    assert other.answer != first.answer


@pytest.mark.parametrize("held_out", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_truth_fits_the_schema_and_keeps_its_order(kind, held_out):
    schema = truth.schema(kind)
    check = jsonschema.Draft202012Validator(schema)
    for seed in range(60):
        document = examples.MAKERS[kind](random.Random(f"{kind}{seed}"), fonts.book(held_out), 1.0)
        for said in [document.truth, *document.page_truths]:
            answer = json.loads(truth.dump(said))
            assert list(answer) == list(schema["properties"])
            errors = [error.message for error in check.iter_errors(answer)]
            assert not errors, (seed, errors)


def test_amounts_of_a_receipt_add_up():
    for seed in range(80):
        said = receipts.receipt(random.Random(seed), fonts.book()).truth
        lines = sum(round(100 * float(item["amount"])) for item in said["items"])
        if said["subtotal"]:
            assert round(100 * float(said["subtotal"])) == lines


def test_amounts_of_an_invoice_add_up():
    cents = lambda text: round(100 * float(text))
    for seed in range(80):
        said = invoices.invoice(random.Random(seed), fonts.book()).truth
        if said["net_total"] and said["tax_total"]:
            assert cents(said["net_total"]) + cents(said["tax_total"]) == cents(said["gross_total"])
        if said["due_date"]:
            assert said["issue_date"] <= said["due_date"]


def test_a_longer_invoice_says_on_each_page_only_what_is_there():
    several = [d for d in (invoices.invoice(random.Random(seed), fonts.book()) for seed in range(80)) if len(d.pages) > 1]
    assert several
    for document in several:
        first, last = document.page_truths[0], document.page_truths[-1]
        assert first["gross_total"] is None and last["gross_total"] == document.truth["gross_total"]
        assert {said["invoice_number"] for said in document.page_truths} <= {document.truth["invoice_number"], None}
        assert sum((said["line_items"] for said in document.page_truths), []) == document.truth["line_items"]


def test_what_a_page_says_is_printed_on_it():
    for kind, field in (("receipt", "merchant_name"), ("invoice", "invoice_number"), ("invoice", "seller_name"), ("invoice", "buyer_name"), ("screenshot", "counterparty"), ("screenshot", "app_name")):
        for seed in range(40):
            document = examples.MAKERS[kind](random.Random(seed), fonts.book(), 1.0)
            printed = " ".join(run.text for run in document.pages[0].runs)
            assert document.page_truths[0][field] in printed, (kind, field, seed)


def test_training_and_held_out_pages_share_no_font_and_differ_in_layout():
    assert not set(fonts.book().all) & set(fonts.book(True).all)
    assert not set(fonts.TRAINING) & set(fonts.HELD_OUT)
    held_out_only = [
        set(receipt_items.HELD_OUT_STYLES) - set(receipt_items.STYLES),
        set(invoice_head.HELD_OUT_LAYOUTS) - set(invoice_head.LAYOUTS),
        set(screenshots._HELD_OUT_LAYOUTS) - set(screenshots._LAYOUTS),
    ]
    assert all(held_out_only)
    used = {run.face.path for seed in range(30) for run in receipts.receipt(random.Random(seed), fonts.book(True)).pages[0].runs}
    assert used <= set(fonts.book(True).all)


def test_an_answer_decodes_to_its_truth():
    e = examples.example(random.Random(3), "invoice")
    assert e.answer[-1] == EOS
    assert set(json.loads(decode(e.answer[:-1]))) == set(truth.schema("invoice")["properties"])


def share_near_ink(gray, characters) -> float:
    """Of the letters with a bar, those whose place is dark."""
    bars = np.isin(characters.ids, [INDEX[c] for c in "HEBRNMW8"])
    background, near_ink = np.median(gray), 0
    for x, y in zip(characters.x[bars], characters.y[bars]):
        around = gray[max(0, int(y) - 6) : int(y) + 7, max(0, int(x) - 6) : int(x) + 7]
        near_ink += around.size > 0 and abs(float(around.min()) - background) > 20
    return near_ink / bars.sum()


@pytest.mark.parametrize(
    "change",
    [paper.damage, paper.slip, paper.pressed, lambda *page: paper.spread(*page, 2500)],
    ids=["damage", "slip", "pressed", "spread"],
)
def test_what_is_done_to_a_page_moves_characters_with_the_ink(change):
    document = receipts.receipt(random.Random(8), fonts.book(), 1.5)
    page = document.pages[0].draw()
    assert np.mean([share_near_ink(*change(*page, random.Random(seed))) for seed in range(20)]) > 0.95


@pytest.mark.parametrize("kind", ["receipt", "invoice", "screenshot"])
def test_white_space_fills_a_page_to_its_tiles(kind):
    columns = tiles.COLUMNS[kind]
    for seed in range(5):
        r = random.Random(seed)
        document = examples.MAKERS[kind](r, fonts.book(), 1.0)
        page = examples.render(document, 0, r, damage=0, rows=8 // columns)
        assert len(tiles.sheet(*page, columns).tiles) == 8


def test_dates_are_written_so_that_they_can_be_read():
    for code, country in values.COUNTRIES.items():
        for seed in range(30):
            r = random.Random(f"{code}{seed}")
            day = values.random_day(r)
            text = values.date_writer(r, country)(day)
            assert str(day.year)[2:] in text and str(day.day) in text


def test_an_address_in_one_line_keeps_its_commas():
    assert one_line(["12 Mill Lane", "Norwich NR3 1QP"]) == "12 Mill Lane, Norwich NR3 1QP"
    assert one_line(["NO. 3, JALAN A 1,", "81100 JOHOR BAHRU, JOHOR."]) == "NO. 3, JALAN A 1, 81100 JOHOR BAHRU, JOHOR"
    assert is_writable("Größe 5 €") and not is_writable('a "b"')


def test_where_to_pay_is_printed_and_its_check_digits_are_right():
    seen = set()
    for seed in range(150):
        document = invoices.invoice(random.Random(seed), fonts.book())
        printed = "".join(run.text for page in document.pages for run in page.runs).replace(" ", "")
        for field in ("iban", "bic", "payment_reference", "buyer_vat_id"):
            value = document.truth[field]
            if value is not None:
                seen.add(field)
                assert value.replace(" ", "") in printed, (seed, field)
        if iban := document.truth["iban"]:
            number = "".join(str(int(c, 36)) for c in iban[4:] + iban[:4])
            assert int(number) % 97 == 1, iban
    assert len(seen) == 4
