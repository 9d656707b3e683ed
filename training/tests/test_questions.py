"""Questions about a page: what is asked, what is answered, how it is packed."""

import json
import random
import re

import pytest
import torch

from conftest import needs_base
from weights import adapter, adapter_training, questions, question_words, stage_questions
from weights.question_page import QuestionPage
from weights.examples_text import Seen
from weights.page import Page
from weights.reader_commands import BASE
from weights.smollm import Base, SmolLM


@pytest.mark.parametrize("kind", questions.MIX)
def test_answers_stand_on_the_page(kind):
    r, sorts = random.Random(4), set()
    for _ in range(60):
        made = questions.example(r, 8, kind)
        words = made.page_text.split()
        flat = " ".join(words)
        assert len({question.text for question in made.questions}) == len(made.questions)
        for question in made.questions:
            answer = json.loads(question.answer)
            sorts.add(question.sort)
            assert question.text == " ".join(question.text.split()) and "{}" not in question.text
            if isinstance(answer, str):
                assert question.sort == "copy" and answer
                # Over several lines or beside another column: word by word.
                assert answer in flat or all(any(word in other for other in words) for word in answer.split()), (question, made.page_text)
            elif answer is None:
                assert question.sort == "null"
            elif isinstance(answer, bool):
                assert question.sort == "yes/no"
            else:
                assert question.sort == "count" and answer >= 0
    assert sorts == {"copy", "null", "yes/no"} | ({"count"} if kind != "screenshot" else set())


def test_a_quarter_is_not_on_the_page_and_yes_is_as_frequent_as_no():
    r = random.Random(5)
    asked = [question for _ in range(300) for question in questions.example(r).questions]
    assert 0.18 < sum(question.sort == "null" for question in asked) / len(asked) < 0.32
    said = [question.answer for question in asked if question.sort == "yes/no"]
    assert 0.35 < said.count("true") / len(said) < 0.65


def test_held_out_phrasings_are_never_trained():
    r, ways = random.Random(6), question_words.VALUES["due_date"]
    trained = {question_words.phrase(r, ways, "en", False) for _ in range(400)}
    held = {question_words.phrase(r, ways, "en", True) for _ in range(20)}
    assert len(held) == 1 and not trained & held and trained | held == set(ways["en"].split("|"))


def test_every_thing_asked_has_words_in_every_language():
    tables = [question_words.VALUES, question_words.ITEMS, question_words.YES_NO, {"label": question_words.LABEL}]
    for table in tables:
        for about, ways in table.items():
            assert set(ways) == set(question_words.LANGUAGES), about
            for text in "|".join(ways.values()).split("|"):
                assert text.strip() == text and text, about
    for about, ways in question_words.ITEMS.items():
        if about in ("amount", "quantity", "unit_price", "costs"):
            assert all("{}" in text for text in "|".join(ways.values()).split("|")), about


def _page(kind: str, text: str, found: dict[str, str]) -> QuestionPage:
    return QuestionPage(Page(100), Seen(kind, text, found), {})


def test_what_noise_took_is_not_there_and_what_it_changed_is_asked_as_it_stands():
    page = _page("receipt", "TOTAL  12.5O", {"total": "12.5O"})
    asked = [question for seed in range(120) for question in questions.ask(random.Random(seed), page, 6)]
    assert {question.answer for question in asked if question.about == "total"} == {'"12.5O"'}
    assert {question.answer for question in asked if question.about == "due_date"} == {"null"}


def test_lines_that_could_be_meant_both_are_not_asked_for():
    found = {"items.0.description": "Coffee", "items.0.amount": "3.00", "items.1.description": "Coffee large", "items.1.amount": "4.00"}
    page = _page("receipt", "Coffee 3.00\nCoffee large 4.00", found)
    asked = [question for seed in range(60) for question in questions.ask(random.Random(seed), page, 6)]
    assert not [question for question in asked if question.about == "item amount" and question.answer != "null"]


@pytest.fixture(scope="module")
def model(base) -> SmolLM:
    """With an adapter that does something, in float32 to compare numbers."""
    torch.manual_seed(1)
    made = SmolLM(base, rank=4)
    with torch.no_grad():
        for layer in made.layers:
            for part in (layer.attn_q, layer.attn_v, layer.ffn_down):
                part.b.normal_(std=0.02)
    made.embedding = made.embedding.float()
    for layer in made.layers:
        for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
            part = getattr(layer, name)
            part.weight = part.weight.float()
    return made


@needs_base
def test_packed_questions_are_learnt_as_separate_ones(base, model):
    tokenizer = base.tokenizer()
    example = questions.example(random.Random(8), 4, "receipt")
    gradient = lambda: torch.cat([p.grad.reshape(-1) for p in model.parameters()])
    both = stage_questions.losses(model, stage_questions.packed(tokenizer, example.page_text, example.questions))
    model.zero_grad()
    sum(loss.sum() for loss, _ in both).backward()
    together = gradient().clone()
    model.zero_grad()
    for question, (loss, right) in zip(example.questions, both):
        (alone, alone_right), = stage_questions.losses(model, stage_questions.packed(tokenizer, example.page_text, [question]))
        assert torch.allclose(loss, alone, atol=1e-3, rtol=1e-4) and right == alone_right
        alone.sum().backward()
    assert (gradient() - together).norm() < 1e-3 * together.norm()
    model.zero_grad()


@needs_base
def test_the_prompt_is_the_contract(base):
    tokenizer = base.tokenizer()
    prompt = tokenizer.question("TOTAL  9.00", "total?")
    assert tokenizer.decode(prompt) == "<|im_start|>user\nquestion\nTOTAL  9.00\n\ntotal?<|im_end|>\n<|im_start|>assistant\n"


@needs_base
def test_the_first_token_of_an_answer_tells_its_sort(base):
    """A grammar of the four sorts never has to cut a token."""
    tokenizer, r = base.tokenizer(), random.Random(9)
    for _ in range(40):
        for question in questions.example(r).questions:
            first = tokenizer.decode(tokenizer.answer(question.answer)[:1])
            assert first[0] == '"' if question.sort == "copy" else re.fullmatch("null|true|false|[0-9]|t|f|n|fal", first), question


@needs_base
def test_a_cut_adapter_is_the_nearest(base, tmp_path):
    torch.manual_seed(2)
    a, b = torch.randn(8, 40), torch.randn(60, 8)
    small_a, small_b = adapter_training.cut(a, b, 5)
    values = torch.linalg.svdvals(b @ a)
    assert (b @ a - small_b @ small_a).norm() == pytest.approx(float(values[5:].norm()), rel=1e-4)
    assert adapter_training.cut(a, b, 8) == (a, b)
    with pytest.raises(ValueError):
        adapter_training.cut(a, b, 9)


@needs_base
def test_an_adapter_of_a_rank_beside_blocks_is_stored_whole(base, tmp_path):
    made = SmolLM(base, rank=9)
    with torch.no_grad():
        for layer in made.layers:
            layer.attn_q.b.normal_(std=0.02)
    path = tmp_path / "questions.gguf"
    adapter.export(made, path)
    assert path.stat().st_size < 4_300_000
    again = SmolLM(base, rank=9)
    adapter.load(again, path)
    trained, stored = adapter_training.flat(made), adapter_training.flat(again)
    assert (trained - stored).abs().max() <= trained.abs().max() / 127


@needs_base
def test_training_begins_with_the_reader_and_resumes(tmp_path):
    out, log = tmp_path / "questions.pt", tmp_path / "questions.jsonl"
    torch.manual_seed(3)
    reader = SmolLM(Base(BASE), rank=3)
    for name, parameter in reader.named_parameters():
        if name.endswith(".b"):
            torch.nn.init.normal_(parameter, std=0.02)
    begin = tmp_path / "reader.pt"
    torch.save({"lora": dict(reader.named_parameters())}, begin)
    plan = dict(batch=1, longest=500, rank=2, questions=2)
    stage_questions.train(BASE, begin, out, log, stage_questions.Plan(documents=1, **plan), workers=1)
    first = torch.load(out, weights_only=True)
    assert first["documents"] == 1 and first["plan"]["rank"] == 2
    stage_questions.train(BASE, begin, out, log, stage_questions.Plan(documents=2, **plan), workers=1)
    second = torch.load(out, weights_only=True)
    assert second["documents"] == 2 and not torch.equal(first["values"], second["values"])
    again = SmolLM(Base(BASE), rank=2)
    adapter_training.load_adapter(again, out)
    assert torch.equal(adapter_training.flat(again), second["mean"])
