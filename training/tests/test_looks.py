"""The text tower of searches: captions say what was drawn, and training learns them and resumes."""

import json
import random

import numpy as np
import pytest
import torch

from weights import clip_model, clip_pages, look_evaluate, look_model, look_pages, look_words, stage_look


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Pages of chance vectors, in which every mark is a direction of its own."""
    folder, r = tmp_path_factory.mktemp("pages"), random.Random(1)
    g = torch.Generator().manual_seed(1)
    directions = torch.randn(len(look_words.MARKS), clip_model.PROJECTION, generator=g)
    for name, count in (("train", 400), ("held-out", 200)):
        marks = [{r.choice(list(look_words.KINDS)), *r.sample(list(look_words.SHOWN), 3)} for _ in range(count)]
        vectors = torch.stack([sum(directions[look_words.MARKS.index(mark)] for mark in of_page) for of_page in marks])
        np.savez(folder / f"{name}-000.npz", vectors=torch.nn.functional.normalize(vectors, dim=-1).numpy(), marks=np.array(["|".join(sorted(m)) for m in marks]))
    return folder


def test_marks_say_what_was_drawn():
    seen = set()
    for number in range(120):
        pixels, marks = look_pages.page(random.Random(f"test/{number}"), held_out=False)
        assert pixels.shape == (clip_pages.SIDE, clip_pages.SIDE, 3)
        assert len(marks & set(clip_pages.CLASSES)) == 1
        if "stamp" in marks:
            assert marks & {f"{colour} stamp" for colour in ("red", "blue", "green", "violet")}
        seen |= marks
    assert {"stamp", "letterhead", "logo", "on a table", "dark", "phone"} <= seen


def test_the_routers_pages_do_not_depend_on_what_is_noted():
    """The thumbnails that the shipped CLIP was trained on are made as before."""
    made = clip_pages.thumbnail(random.Random(7))
    again = clip_pages.thumbnail(random.Random(7))
    assert (made.pixels == again.pixels).all() and made.kind == again.kind


def test_every_mark_has_words_in_every_language():
    for table in (look_words.KINDS, look_words.STATES, look_words.SHOWN):
        for mark, ways in table.items():
            assert set(ways) == set(look_words.LANGUAGES), mark
            assert all(text == text.strip() and text and "{}" not in text for texts in ways.values() for text in texts), mark


def test_a_caption_names_marks_of_the_page_alone_and_held_out_words_are_not_trained():
    r, marks = random.Random(2), {"invoice", "blurry", "stamp", "red stamp"}
    held = {ways[language][-1] for table in (look_words.KINDS, look_words.STATES, look_words.SHOWN) for mark, ways in table.items() if mark in marks for language in look_words.LANGUAGES}
    for _ in range(200):
        text, named = look_words.caption(r, marks)
        assert text and named <= marks and named
    known, other = ({look_words.phrase(r, look_words.KINDS["invoice"]["en"], held_out) for _ in range(100)} for held_out in (False, True))
    assert len(other) == 1 and not known & other and other < held


def test_the_tokenizer_does_not_mind_accents_and_capitals():
    tokenizer = look_model.make_tokenizer(["grün", "weiß", "Rechnung"] * 5)
    ids = lambda text: tokenizer.encode(text).ids
    assert ids("GRÜN") == ids("grun") and ids("weiß") == ids("weiss") and ids("中文") == ids("")
    assert max(ids("Rechnung")) == ids("Rechnung")[-1] == tokenizer.get_vocab_size() - 1


def test_only_pages_with_every_mark_fit():
    captions = stage_look.marked([{"invoice", "stamp"}, {"invoice"}, set()])
    has = torch.tensor([[mark in of_page for mark in look_words.MARKS] for of_page in ({"invoice"}, {"invoice", "stamp", "dark"}, {"stamp"})])
    assert stage_look.fitting(captions, has).tolist() == [[False, True, False], [True, True, False], [False, False, False]]


def test_training_learns_resumes_and_is_loaded_as_it_was_saved(pages, tmp_path):
    out, log = tmp_path / "look", tmp_path / "look.jsonl"
    stage_look.train(pages, out, log, stage_look.Plan(0.03, pages=400))
    first = torch.load(out / "checkpoint.pt", weights_only=True)
    stage_look.train(pages, out, log, stage_look.Plan(0.2, pages=400))
    second = torch.load(out / "checkpoint.pt", weights_only=True)
    assert second["clock"]["steps"] > first["clock"]["steps"]
    model, tokenizer = look_model.load(out)
    assert all((value.half() == second["model"][name].half()).all() for name, value in model.state_dict().items())
    assert json.loads((out / "config.json").read_text())["vocab_size"] == tokenizer.get_vocab_size()
    held_out = look_pages.load(pages, "held-out", look_words.MARKS)
    found = look_evaluate.mean(look_evaluate.ranked(lambda texts: model(look_model.tokens(tokenizer, texts)), held_out, look_evaluate.queries(held_out, False, 100)))
    assert found["precision@10"] > 2 * found["chance"], found


def test_the_least_similarity_keeps_other_texts_from_finding_pages(pages):
    held_out = look_pages.load(pages, "held-out", look_words.MARKS)
    found = torch.tensor([[True, True, False], [False, False, False]])
    fits = torch.tensor([[True, False, False], [False, False, False]])
    # One of two is right and none is missed; nothing is found where nothing fits.
    assert look_evaluate.f_score(found, fits) == pytest.approx((1.25 * 1 / (2 + 0.25) + 1) / 2)
    assert len(held_out.vectors) == 200
