import pytest

from weights import fonts, sellers


@pytest.mark.parametrize("kind", sellers.MAKERS)
def test_documents_of_a_seller_share_the_layout_and_not_the_content(kind):
    make = lambda style, number: sellers.MAKERS[kind](style, number, fonts.book(held_out=True))
    field, name = {"invoice": ("invoice_number", "seller_name"), "receipt": ("date", "merchant_name")}[kind]
    for style in map(str, range(5)):
        first, again, next_one = make(style, 0), make(style, 0), make(style, 1)
        assert first.truth == again.truth
        assert first.truth[name] == next_one.truth[name]
        assert first.truth != next_one.truth
        if first.truth[field] and next_one.truth[field]:
            assert first.truth[field] != next_one.truth[field]
        tops = [page.runs[0].face.path for page in (first.pages[0], next_one.pages[0])]
        assert tops[0] == tops[1]
    assert make("a", 0).truth[name] != make("b", 0).truth[name]
