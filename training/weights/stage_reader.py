"""Fine-tunes the reader's adapter on generated pages' texts."""

import random
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn import functional as F

from . import adapter_training, examples_text, smollm
from .adapter_training import Sample

# Rows of items are most of an answer's tokens and its easiest part.
_ROW_WEIGHT = 0.5
_ROWS = '":['  # begins the rows; no field before them is a list


@dataclass(frozen=True)
class Plan(adapter_training.Plan):
    headers: float = 0.5  # share of documents whose answer ends before its rows


def _document(plan: Plan, tokenizer: smollm.PageTokenizer, number: int):
    r = random.Random(f"{plan.seed}/{number}")
    while True:
        made = examples_text.example(r)
        prompt, answer = tokenizer.prompt(made.kind, made.page_text), tokenizer.answer(made.answer)
        rows = made.answer.find(_ROWS)
        if rows >= 0 and r.random() < plan.headers:
            answer = tokenizer.encode(made.answer[:rows])  # ends with the name of the rows
        if len(prompt) + len(answer) <= plan.longest:
            return made, prompt, answer


def _weights(tokenizer: smollm.PageTokenizer, made, count: int) -> torch.Tensor:
    weights = torch.ones(count)
    rows = made.answer.find(_ROWS)
    if rows >= 0:
        weights[len(tokenizer.encode(made.answer[:rows])) : -1] = _ROW_WEIGHT
    return weights


def learn(model: smollm.SmolLM, tokenizer: smollm.PageTokenizer, plan: Plan, number: int) -> Sample:
    """Adds the gradients of document `number`."""
    made, prompt, answer = _document(plan, tokenizer, number)
    hidden = model(model.embed(prompt + answer[:-1]))[len(prompt) - 1 :]
    logits, target = model.logits(hidden), torch.tensor(answer)
    losses = F.cross_entropy(logits, target, reduction="none")
    (losses * _weights(tokenizer, made, len(answer))).sum().backward()
    right = int((logits.argmax(-1) == target).sum())
    return Sample(len(prompt) + len(answer), len(answer), right, float(losses.detach().mean()), {made.kind: (right, len(answer))})


def train(base: Path, begin: Path | None, out: Path, log: Path, plan: Plan, workers: int | None = None) -> None:
    adapter_training.train(adapter_training.Task("reader", learn), base, begin, out, log, plan, workers)
