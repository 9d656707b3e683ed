"""Teaches an adapter to answer questions about a page's text.

The questions about one page share its tokens: they follow the page, and attention
is masked between questions. A page of 350 tokens with twenty questions therefore costs
a little more than two pages with one question each.
"""

import random
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch.nn import functional as F

from . import adapter_training, questions, smollm
from .adapter_training import Sample

RANK = 9  # what the program's space for weights leaves room for, with lora_b in f16


@dataclass(frozen=True)
class Plan(adapter_training.Plan):
    rate: float = 4e-4
    batch: int = 1
    longest: int = 1200
    rank: int = RANK
    questions: int = 20  # a page


class Packed(NamedTuple):
    """Tokens of a page and its questions, with their answers but for the last
    token; the count of tokens of the page and of each question; and for each
    question the positions that predict its answer, and the answer."""

    tokens: list[int]
    parts: list[int]
    answers: list[tuple[int, list[int]]]


def packed(tokenizer: smollm.PageTokenizer, page_text: str, asked: list[questions.Question]) -> Packed:
    prompts = [tokenizer.question(page_text, question.text) for question in asked]
    shared = _shared(prompts)
    tokens, parts, answers = prompts[0][:shared], [shared], []
    for prompt, question in zip(prompts, asked):
        answer = tokenizer.answer(question.answer)
        own = prompt[shared:] + answer[:-1]
        answers.append((len(tokens) + len(prompt) - shared - 1, answer))
        tokens, parts = tokens + own, [*parts, len(own)]
    return Packed(tokens, parts, answers)


def _shared(prompts: list[list[int]]) -> int:
    """Length of the common prefix, at least one token short of each."""
    count = min(map(len, prompts)) - 1
    return next((at for at in range(count) if len({prompt[at] for prompt in prompts}) > 1), count)


def losses(model: smollm.SmolLM, made: Packed) -> list[tuple[torch.Tensor, bool]]:
    """Of each question: the loss of each token of its answer, and whether all
    of them are predicted right."""
    hidden = model(model.embed(made.tokens), parts=made.parts)
    logits = model.logits(torch.cat([hidden[at : at + len(answer)] for at, answer in made.answers]))
    target = torch.tensor([token for _, answer in made.answers for token in answer])
    lengths = [len(answer) for _, answer in made.answers]
    right = (logits.argmax(-1) == target).split(lengths)
    return [(loss, bool(is_right.all())) for loss, is_right in zip(F.cross_entropy(logits, target, reduction="none").split(lengths), right)]


def _document(plan: Plan, tokenizer: smollm.PageTokenizer, number: int) -> tuple[questions.Example, Packed]:
    r = random.Random(f"questions/{plan.seed}/{number}")
    while True:
        example = questions.example(r, plan.questions)
        made = packed(tokenizer, example.page_text, example.questions)
        if len(made.tokens) <= plan.longest:
            return example, made


def learn(model: smollm.SmolLM, tokenizer: smollm.PageTokenizer, plan: Plan, number: int) -> Sample:
    """Adds the gradients of page `number`'s questions. A question counts by the
    root of its answer's length, between equal questions and equal tokens."""
    example, made = _document(plan, tokenizer, number)
    answers = losses(model, made)
    torch.stack([loss.sum() / len(loss) ** 0.5 for loss, _ in answers]).sum().backward()
    shares: dict[str, list[bool]] = defaultdict(list)
    for question, (_, is_right) in zip(example.questions, answers):
        shares[question.sort].append(is_right)
    count = sum(len(loss) for loss, _ in answers)
    mean = sum(float(loss.detach().sum()) for loss, _ in answers) / count
    exact = sum(is_right for _, is_right in answers)
    return Sample(len(made.tokens), len(answers), exact, mean, {sort: (sum(rights), len(rights)) for sort, rights in shares.items()})


def train(base: Path, begin: Path | None, out: Path, log: Path, plan: Plan, workers: int | None = None) -> None:
    adapter_training.train(adapter_training.Task("questions", learn), base, begin, out, log, plan, workers)
