"""The text tower of searches learns captions of pages against the image tower's embeddings, which
stay as they are (`look-pages`)."""

import random
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F

from . import checkpoint, look_evaluate, look_model, look_pages, look_words, run


@dataclass
class Plan:
    minutes: float
    rate: float = 2e-3
    captions: int = 128
    """A step."""
    pages: int = 1500
    """That the captions of a step are compared with."""
    others: float = 0.2
    """Share of texts that describe no page."""


def marked(captions: list[set[str]]) -> torch.Tensor:
    return torch.tensor([[float(mark in named) for mark in look_words.MARKS] for named in captions])


def fitting(captions: torch.Tensor, pages: torch.Tensor) -> torch.Tensor:
    """captions x pages: whether a page has every mark of the caption; no page has none of them."""
    wanted = captions.sum(1, keepdim=True)
    return ((captions @ pages.float().T) >= wanted) & (wanted > 0)


def _batch(r: random.Random, pages: look_pages.Pages, plan: Plan) -> tuple[list[str], torch.Tensor]:
    texts, named = [], []
    for _ in range(plan.captions):
        if r.random() < plan.others:
            text, marks = look_words.other_text(r), set()
        else:
            # Half of the pages are drawn by a mark, so that rare marks are learnt too.
            place = r.randrange(len(pages.vectors)) if r.random() < 0.5 else _with_mark(r, pages)
            text, marks = look_words.caption(r, {mark for mark, has in zip(pages.names, pages.marks[place].tolist()) if has})
        texts.append(text), named.append(marks)
    return texts, marked(named)


def _with_mark(r: random.Random, pages: look_pages.Pages) -> int:
    while True:
        places = pages.marks[:, r.randrange(len(pages.names))].nonzero()
        if len(places):
            return int(places[r.randrange(len(places))])


def losses(similarity: torch.Tensor, fits: torch.Tensor, scale: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """Whether a page fits a text, each by itself, with as much weight on those that do as on the others
    (as SigLIP, Zhai et al. 2023); and which pages fit best."""
    logits = scale * similarity + bias
    yes, no = fits.float(), (~fits).float()
    each = (F.softplus(-logits) * yes).sum(1) / yes.sum(1).clamp(min=1) + (F.softplus(logits) * no).sum(1) / no.sum(1).clamp(min=1)
    best = -(F.log_softmax(scale * similarity, 1) * yes).sum(1) / yes.sum(1).clamp(min=1)
    has = fits.any(1)
    return each.mean() + 0.5 * best[has].mean()


def train(pages_folder: Path, out: Path, log_path: Path, plan: Plan) -> None:
    """Continues from the checkpoint in `out` if there is one."""
    # The matrices are so small that a second thread mostly waits.
    torch.set_num_threads(1)
    torch.manual_seed(1)
    device = torch.device("cpu")
    pages, held_out = (look_pages.load(pages_folder, name, look_words.MARKS) for name in ("train", "held-out"))
    tokenizer = look_model.make_tokenizer(look_model.words_for_tokens(random.Random(1)))
    model = look_model.SearchText(tokenizer.get_vocab_size())
    scale, bias = torch.nn.Parameter(torch.tensor(2.3)), torch.nn.Parameter(torch.tensor(-5.0))
    optimiser = torch.optim.AdamW([*model.parameters(), scale, bias], lr=plan.rate, weight_decay=0.02, betas=(0.9, 0.98))
    clock, kept = run.clock(plan.minutes, plan.rate, device, 1, final=0.02), out / "checkpoint.pt"
    if kept.exists():
        state = checkpoint.load(kept)
        model.load_state_dict(state["model"]), optimiser.load_state_dict(state["optimiser"]), clock.load(state["clock"])
        scale.data, bias.data = state["scale"], state["bias"]
    r, log, averages, saved = random.Random(f"looks/{clock.steps}"), run.Log(log_path, "look"), run.Averages(), time.monotonic()
    clock.restart()
    while not clock.is_over:
        for group in optimiser.param_groups:
            group["lr"] = clock.rate
        texts, named = _batch(r, pages, plan)
        chosen = torch.randint(0, len(pages.vectors), (plan.pages,))
        embedded = model(look_model.tokens(tokenizer, texts))
        # A little noise, as of pages that the generator does not make.
        vectors = F.normalize(pages.vectors[chosen] + 0.02 * torch.randn(plan.pages, pages.vectors.shape[1]), dim=-1)
        loss = losses(embedded @ vectors.T, fitting(named, pages.marks[chosen]), scale.exp(), bias)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        averages.add("loss", loss.item())
        clock.tick(plan.captions)
        if clock.steps % 200 == 0:
            log.write(**clock.figures(), scale=round(scale.exp().item(), 2), bias=round(bias.item(), 2), **averages.rounded())
        if time.monotonic() - saved > run.SAVE_EVERY or clock.is_over:
            saved = time.monotonic()
            look_model.save(out, model, tokenizer)
            checkpoint.save(kept, {"model": model.state_dict(), "optimiser": optimiser.state_dict(), "clock": clock.state(), "scale": scale.data, "bias": bias.data})
    model.eval()
    embed = lambda texts: model(look_model.tokens(tokenizer, texts))
    log.write(step=clock.steps, **look_evaluate.summary(embed, pages, held_out))
