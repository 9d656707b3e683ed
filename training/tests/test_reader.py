"""The reader `docmill-small`: page text, verbatim answers, tokens, adapter."""

import json
import random
from pathlib import Path

import pytest
import torch

from conftest import needs_base
from weights import adapter, adapter_training, answer, examples_text, noise_text, page_text, stage_reader, tagged, typing_copies
from weights.page import Mark
from weights.page_text import Segment
from weights.reader_commands import BASE
from weights.smollm import Base, SmolLM, read
from weights.tagged import Tagged

CASES = json.loads((Path(__file__).parent / "page_text_cases.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_page_text(case):
    assert page_text.page_text([Segment(*segment) for segment in case["segments"]]) == case["page_text"]


@pytest.mark.parametrize("kind", examples_text.MAKERS)
def test_answers_are_copies_of_the_page_text(kind):
    r = random.Random(3)
    for _ in range(60):
        made = examples_text.example(r, kind)
        said = json.loads(made.answer)
        words = sorted(made.page_text.split())
        flat = " ".join(made.page_text.split())
        rows = said.pop(answer.ROWS[kind][0]) if kind in answer.ROWS else []
        assert list(said) == list(answer.FIELDS[kind])
        values = [value for name, value in said.items() if name not in answer.WORDED] + [cell for row in rows for cell in row]
        for value in filter(None, values):
            # Over several lines or beside another column: word by word.
            assert value in flat or all(any(word in other for other in words) for word in value.split()), (value, made.page_text)


def _segment(text: str, y: float, key: str | None = None, part: int = 0) -> Tagged:
    mark = Mark(key, part, 0, len(text)) if key else None
    return Tagged(0, y, 8.0 * len(text), y + 16, list(text), [mark] * len(text))


def test_a_value_that_is_lost_gives_way_to_another_place_and_then_to_null():
    first, second = _segment("12.50", 0, "total"), _segment("12.5O", 40, "total~1")
    assert tagged.values([first, second]) == {"total": "12.50"}
    assert tagged.values([second]) == {"total": "12.5O"}
    assert '"total":null' in tagged.answer_of("receipt", tagged.values([]))


def test_a_value_over_lines_is_joined_by_a_blank_in_the_order_of_its_parts():
    segments = [_segment("81100 Johor", 20, "merchant_address", 1), _segment("27, Jalan Dedap", 0, "merchant_address", 0)]
    assert tagged.values(segments) == {"merchant_address": "27, Jalan Dedap 81100 Johor"}


def test_of_a_sign_at_every_amount_the_first_counts():
    assert tagged.values([_segment("RM", y, "currency~2") for y in (0, 20, 40)]) == {"currency": "RM"}


def test_a_value_that_is_cut_in_two_is_joined_again():
    whole = _segment("12 March 2024", 0, "date")
    halves = [Tagged(0, 0, 16, 16, whole.letters[:2], whole.tags[:2]), Tagged(40, 0, 120, 16, whole.letters[3:], whole.tags[3:])]
    assert tagged.values(halves) == {"date": "12 March 2024"}


def test_noise_keeps_a_tag_for_every_letter():
    r = random.Random(5)
    for _ in range(40):
        document = examples_text.MAKERS["receipt"](r, examples_text.fonts.book())
        for segment in noise_text.disturbed(tagged.of_page(document.pages[0]), r):
            assert len(segment.letters) == len(segment.tags)
            assert segment.text == page_text.clean(segment.text)


def test_typing():
    assert [typing_copies.date(text) for text in ("15/06/2016", "03-02-18", "15 JUN 2016", "2016-06-15", "12. März 2024", "12/28/2017")] == [
        "2016-06-15", "2018-02-03", "2016-06-15", "2016-06-15", "2024-03-12", "2017-12-28",
    ]
    assert [typing_copies.amount(text) for text in ("1.234,50", "1,234.50", "8.20", "(3.00)", "1'307.90", "12,5", "45.-")] == ["1234.5", "1234.5", "8.2", "-3", "1307.9", "12.5", "45"]


def test_the_rate_stays_and_falls():
    plan = stage_reader.Plan(documents=1000, rate=1e-3, falling=0.4, final=0.1)
    assert plan.rate_at(0) == plan.rate_at(500) == 1e-3
    assert plan.rate_at(800) == pytest.approx(5e-4)
    assert plan.rate_at(1000) == pytest.approx(1e-4)


@pytest.fixture(scope="module")
def model(base) -> SmolLM:
    """With an adapter that does something."""
    torch.manual_seed(1)
    made = SmolLM(base)
    with torch.no_grad():
        for layer in made.layers:
            for part in (layer.attn_q, layer.attn_v, layer.ffn_down):
                part.b.normal_(std=0.02)
    return made


@needs_base
def test_text_is_cut_as_llama_cpp_cuts_it(base):
    from weights.reading import Reader, prompt

    reader, tokenizer, r = Reader(BASE), base.tokenizer(), random.Random(7)
    for _ in range(100):
        made = examples_text.example(r)
        assert tokenizer.prompt(made.kind, made.page_text) == reader.tokens(prompt(made.kind, made.page_text))
        assert tokenizer.encode(made.answer) == reader.tokens(made.answer)
    for odd in ("it's We'LL 'S", "a\n\n  b\n c   \n", "½ ² Ⅷ ٣ €", "漢字 かな 한글", "   lead", "1,234.50RM  5%"):
        assert tokenizer.encode(odd) == reader.tokens(odd)


@needs_base
def test_the_adapter_computes_the_same_in_llama_cpp(base, model, tmp_path):
    from weights.reading import Reader

    path = tmp_path / "adapter.gguf"
    adapter.export(model, path)
    again = SmolLM(base)
    adapter.load(again, path)
    # Q8_0: 8 bits, a scale in f16 for 32 numbers.
    trained, stored = adapter_training.flat(model), adapter_training.flat(again)
    assert (trained - stored).abs().max() <= trained.abs().max() / 127
    tokenizer, made = base.tokenizer(), examples_text.example(random.Random(2), "receipt", noise=False)
    prompt = tokenizer.prompt(made.kind, made.page_text)
    with torch.no_grad():
        mine = model.logits(model(model.embed(prompt))[-1]).log_softmax(-1)
        plain = SmolLM(base)
        without = plain.logits(plain(plain.embed(prompt))[-1]).log_softmax(-1)
    step = Reader(BASE, path, exact=True).ask(made.kind, made.page_text, 1, probabilities=20)["completion_probabilities"][0]
    off = lambda row: sum(abs(row[token["id"]].item() - token["logprob"]) for token in step["top_logprobs"][:10]) / 10
    # bfloat16 here, rounded activations there; the adapter's effect is larger.
    assert off(mine) < 0.3
    assert off(without) > 2 * off(mine)


@needs_base
def test_a_cache_changes_nothing(base, model):
    tokenizer = base.tokenizer()
    prompt = tokenizer.prompt("receipt", "TOTAL  9.00")
    cached = read(model, tokenizer, prompt, 8)
    whole: list[int] = []
    with torch.no_grad():
        while len(whole) < len(cached):
            whole.append(int(model.logits(model(model.embed(prompt + whole))[-1:]).argmax()))
    assert whole[:4] == cached[:4]


@needs_base
def test_training_takes_steps_and_resumes(tmp_path):
    out, log = tmp_path / "reader.pt", tmp_path / "reader.jsonl"
    plan = stage_reader.Plan(documents=2, batch=2, longest=500)
    stage_reader.train(BASE, None, out, log, plan, workers=2)
    first = torch.load(out, weights_only=True)
    assert first["documents"] == 2 and first["steps"] == 1
    stage_reader.train(BASE, None, out, log, stage_reader.Plan(documents=4, batch=2, longest=500), workers=1)
    second = torch.load(out, weights_only=True)
    assert second["documents"] == 4 and second["steps"] == 2
    assert not torch.equal(first["values"], second["values"])
