"""How well texts find pages by their looks: on pages of held-out fonts, in known and held-out words."""

import collections
import random
from pathlib import Path

import torch
from torch import nn

from . import clip_model, look_model, look_pages, look_words

CUT_FROM = 0.5
"""Weight of recall beside precision when the least similarity is chosen (F0.5): a page that is
wrongly found stands among those found by their words."""


def _fits(pages, marks: set[str]) -> torch.Tensor:
    return pages.marks[:, [pages.names.index(mark) for mark in marks]].all(1)


def queries(pages, held_out: bool, count: int, seed: int = 5) -> list[tuple[str, set[str]]]:
    """Captions of pages drawn at random, of which at least 5 pages fit."""
    r, made = random.Random(seed), []
    while len(made) < count:
        of_page = {mark for mark, has in zip(pages.names, pages.marks[r.randrange(len(pages.marks))].tolist()) if has}
        text, marks = look_words.caption(r, of_page, held_out)
        if _fits(pages, marks).sum() >= 5:
            made.append((text, marks))
    return made


def single(held_out: bool) -> list[tuple[str, set[str]]]:
    """One phrasing of each mark in each language."""
    r = random.Random(3)
    tables = (look_words.KINDS, look_words.STATES, look_words.SHOWN)
    return [(look_words.phrase(r, ways[language], held_out), {mark}) for table in tables for mark, ways in table.items() for language in look_words.LANGUAGES]


@torch.no_grad()
def ranked(embed, pages, asked: list[tuple[str, set[str]]]) -> list[tuple[float, float, float, float]]:
    """Of each query: precision@10, recall@10 (of at most 10), area under the ROC curve, and the share of pages that fit."""
    similarity = embed([text for text, _ in asked]) @ pages.vectors.T
    result = []
    for row, (_, marks) in zip(similarity, asked):
        fits = _fits(pages, marks)
        if not 0 < fits.sum() < len(fits):
            continue
        hits = fits[row.topk(10).indices].sum().item()
        order = row.argsort().argsort().float() + 1
        right, wrong = fits.sum().item(), (~fits).sum().item()
        area = (order[fits].sum().item() - right * (right + 1) / 2) / (right * wrong)
        result.append((hits / 10, hits / min(10, right), area, right / len(fits)))
    return result


def mean(rows) -> dict[str, float]:
    names = ("precision@10", "recall@10", "area", "chance")
    return {name: round(sum(column) / len(column), 3) for name, column in zip(names, zip(*rows))}


def by_mark(embed, pages, held_out: bool) -> dict[str, dict[str, float]]:
    groups = collections.defaultdict(list)
    for text, marks in single(held_out):
        groups[next(iter(marks))].append((text, marks))
    return {mark: mean(rows) for mark, asked in groups.items() if (rows := ranked(embed, pages, asked))}


@torch.no_grad()
def least_similarity(embed, pages, count: int = 300) -> float:
    """The similarity from which pages count as found: the best F0.5 over captions of pages and, as many,
    texts that describe no page."""
    r = random.Random(6)
    asked = queries(pages, False, count) + [(look_words.other_text(r), None) for _ in range(count)]
    similarity = embed([text for text, _ in asked]) @ pages.vectors.T
    fits = torch.stack([_fits(pages, marks) if marks else torch.zeros(len(pages.vectors), dtype=torch.bool) for _, marks in asked])
    best = (0.0, 0.0)
    for cut in torch.arange(0.0, 0.95, 0.01).tolist():
        best = max(best, (f_score(similarity >= cut, fits), cut))
    return best[1]


def f_score(found: torch.Tensor, fits: torch.Tensor) -> float:
    """Mean over the texts; for a text that fits no page 1 where nothing is found, else 0."""
    right, share = (found & fits).sum(1).float(), CUT_FROM**2
    score = (1 + share) * right / (found.sum(1) + share * fits.sum(1)).clamp(min=1e-9)
    return torch.where(fits.any(1), score, (~found.any(1)).float()).mean().item()


@torch.no_grad()
def at_cut(embed, pages, cut: float, held_out: bool, count: int = 300) -> dict[str, float]:
    """What is found from the least similarity on: mean precision of captions that find pages, their recall,
    the share that finds nothing; and the share of other texts that find any page."""
    r = random.Random(8)
    asked = queries(pages, held_out, count, 9)
    found = (embed([text for text, _ in asked]) @ pages.vectors.T) >= cut
    fits = torch.stack([_fits(pages, marks) for _, marks in asked])
    right, any_found = (found & fits).sum(1).float(), found.any(1)
    others = (embed([look_words.other_text(r) for _ in range(count)]) @ pages.vectors.T) >= cut
    return {
        "precision": round((right[any_found] / found.sum(1)[any_found]).mean().item(), 3),
        "recall": round((right / fits.sum(1)).mean().item(), 3),
        "found nothing": round(1 - any_found.float().mean().item(), 3),
        "other texts that find a page": round(others.any(1).float().mean().item(), 3),
    }


def summary(embed, pages, held_out) -> dict:
    cut = least_similarity(embed, pages)
    result = {"least_similarity": round(cut, 2)}
    for name, in_other_words in (("known words", False), ("other words", True)):
        result[name] = mean(ranked(embed, held_out, queries(held_out, in_other_words, 300)))
        result[f"{name}, from {cut:.2f}"] = at_cut(embed, held_out, cut, in_other_words)
    return result


def probe(train, held_out, mark: str) -> float:
    """Area under the ROC curve of a logistic regression on the embeddings: about the best that any text
    can reach, since a similarity is linear in the page's embedding."""
    place = train.names.index(mark)
    right, other = train.marks[:, place].float(), held_out.marks[:, place]
    if not 5 < right.sum() < len(right) - 5 or not 0 < other.sum() < len(other):
        return float("nan")
    weights, bias = torch.zeros(train.vectors.shape[1], requires_grad=True), torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights, bias], lr=1, max_iter=60, line_search_fn="strong_wolfe")
    lost = nn.BCEWithLogitsLoss(pos_weight=(len(right) - right.sum()) / right.sum())

    def loss():
        optimiser.zero_grad()
        value = lost(train.vectors @ weights + bias, right) + 1e-5 * weights.square().sum()
        value.backward()
        return value

    optimiser.step(loss)
    order = (held_out.vectors @ weights).argsort().argsort().float() + 1
    count = other.sum().item()
    return (order[other].sum().item() - count * (count + 1) / 2) / (count * (len(other) - count))


def report(pages: Path, tower: Path, clip: Path) -> None:
    train, held_out = (look_pages.load(pages, name, look_words.MARKS) for name in ("train", "held-out"))
    model, tokenizer = look_model.load(tower)
    router, router_tokenizer = clip_model.load(clip)
    model.eval(), router.eval()
    embed = lambda texts: model(look_model.tokens(tokenizer, texts))
    routing = lambda texts: router.text_features(clip_model.pad([router_tokenizer.encode(text).ids[: clip_model.TEXT["places"]] for text in texts]))
    print(f"{len(train.vectors)} pages trained on, {len(held_out.vectors)} held out")
    print({name: value for name, value in summary(embed, train, held_out).items()})
    for name, in_other_words in (("known words", False), ("other words", True)):
        print("router's own text tower,", name, mean(ranked(routing, held_out, queries(held_out, in_other_words, 300))))
    print("mark | pages | P@10 | other words | router's tower | area | probe")
    known, other, before = by_mark(embed, held_out, False), by_mark(embed, held_out, True), by_mark(routing, held_out, False)
    for mark in known:
        share = known[mark]["chance"]
        print(f"{mark} | {share:.3f} | {known[mark]['precision@10']:.2f} | {other[mark]['precision@10']:.2f} | {before[mark]['precision@10']:.2f} | {known[mark]['area']:.2f} | {probe(train, held_out, mark):.2f}")
    single_now, single_other, single_before = (mean([list(row.values()) for row in rows.values()]) for rows in (known, other, before))
    print("all marks", single_now, single_other, single_before)
