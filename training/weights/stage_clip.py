"""The router's CLIP, trained on thumbnails made beforehand (`clip-pages`).

Besides matching pages and sentences, two heads on the image side name class
and state directly: with a few dozen sentences the match alone learns slowly.
"""

import multiprocessing
import random
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from . import checkpoint, clip_model, clip_text, run
from .clip_pages import CLASSES, QUALITIES, thumbnail
from .muon import Optimiser

_HELD_BACK = 400


def _make(path: Path, count: int, seed: int, held_out: bool) -> None:
    run.be_kind()
    made = [thumbnail(random.Random(f"{seed}/{number}"), held_out) for number in range(count)]
    fresh = path.with_suffix(".new.npz")
    np.savez(fresh, pixels=np.stack([t.pixels for t in made]), kinds=np.array([t.kind for t in made]), qualities=np.array([t.quality for t in made]))
    fresh.replace(path)


def make_pages(folder: Path, count: int, processes: int, seed: int = 1) -> None:
    """Thumbnails in shards of 1,000 and one of layouts and fonts held out. Shards that exist are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(folder / f"{shard:03}.npz", 1000, seed * 1000 + shard, False) for shard in range(-(-count // 1000))]
    jobs.append((folder / "held-out.npz", _HELD_BACK, seed * 1000 + 999, True))
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        pool.starmap(_make, [job for job in jobs if not job[0].exists()], chunksize=1)


def _load(folder: Path) -> tuple[dict, dict]:
    shards = sorted(folder.glob("[0-9]*.npz"))
    if not shards:
        raise SystemExit(f"no pages in {folder}: run `python -m weights clip-pages` first")
    read = [dict(np.load(shard)) for shard in shards]
    return {name: np.concatenate([shard[name] for shard in read]) for name in read[0]}, dict(np.load(folder / "held-out.npz"))


@dataclass
class Plan:
    minutes: float
    rate: float = 1.2e-3
    batch: int = 64


class _Sentences:
    """All captions as tokens, and which of them fit a page."""

    def __init__(self, tokenizer, device):
        captions = clip_text.captions()
        self.tokens = clip_model.pad([tokenizer.encode(text).ids for text, _, _ in captions]).to(device)
        self.kinds = torch.tensor([kind for _, kind, _ in captions], device=device)
        self.qualities = torch.tensor([quality for _, _, quality in captions], device=device)

    def fitting(self, kinds, qualities):
        kinds, qualities = kinds[:, None], qualities[:, None]
        return ((self.kinds < 0) | (self.kinds == kinds)) & ((self.qualities < 0) | (self.qualities == qualities))


def accuracy(model, tokenizer, pages: dict, device) -> tuple[float, float]:
    """Share of right classes and states, zero-shot, as the program asks."""
    model.eval()
    with torch.no_grad():
        images = torch.cat([model.image_features(clip_model.pixels(torch.from_numpy(part).to(device))) for part in np.array_split(pages["pixels"], 8)])

        def best(sentences: list[list[str]]):
            means = [F.normalize(model.text_features(clip_model.pad([tokenizer.encode(t).ids for t in texts]).to(device)).mean(0), dim=-1) for texts in sentences]
            return (images @ torch.stack(means).T).argmax(1).cpu().numpy()

        labels, states = clip_text.labels(), clip_text.state_sentences()
        kinds, qualities = best([labels[kind] for kind in CLASSES]), best([states[state] for state in QUALITIES])
    model.train()
    judged = pages["qualities"] >= 0
    return float((kinds == pages["kinds"]).mean()), float((qualities == pages["qualities"])[judged].mean())


def train(start: Path | None, pages: Path, out: Path, log_path: Path, plan: Plan, threads: int) -> None:
    """Continues from the checkpoint in `out` if there is one, else from the CLIP in `start`, else from random weights."""
    device = run.pick_device()
    torch.set_num_threads(threads)
    training, held_out = _load(pages)
    if start:
        model, tokenizer = clip_model.load(start)
    else:
        tokenizer = clip_text.make_tokenizer()
        model = clip_model.Clip(tokenizer.get_vocab_size())
    heads = nn.ModuleDict({"kind": nn.Linear(clip_model.VISION["width"], len(CLASSES)), "quality": nn.Linear(clip_model.VISION["width"], len(QUALITIES))})
    model.to(device), heads.to(device)
    optimiser, clock, kept = Optimiser([model, heads], decay=0.05), run.clock(plan.minutes, plan.rate, device, threads, final=0.02), out / "checkpoint.pt"
    if kept.exists():
        state = checkpoint.load(kept)
        model.load_state_dict(state["model"]), heads.load_state_dict(state["heads"])
        optimiser.load(state["optimiser"]), clock.load(state["clock"])
    sentences, log, averages, saved = _Sentences(tokenizer, device), run.Log(log_path, "clip"), run.Averages(), time.monotonic()
    g = np.random.default_rng(clock.steps)
    clock.restart()
    while not clock.is_over:
        chosen = g.integers(0, len(training["kinds"]), plan.batch)
        # Moved a little: scanners never centre alike.
        images = np.roll(training["pixels"][chosen], g.integers(-8, 9, 2), (1, 2))
        kinds, qualities = (torch.from_numpy(training[name][chosen]).to(device) for name in ("kinds", "qualities"))
        loss, right = _loss(model, heads, sentences, torch.from_numpy(images).to(device), kinds, qualities, device)
        loss.backward()
        optimiser.step(clock.rate)
        averages.add("loss", loss.item()), averages.add("kinds", right)
        clock.tick(plan.batch)
        if clock.steps % 50 == 0:
            kinds_right, qualities_right = accuracy(model, tokenizer, held_out, device) if clock.steps % 200 == 0 else (None, None)
            log.write(step=clock.steps, minutes=round(clock.spent / 60, 2), rate=round(clock.rate, 6), held_out_kinds=kinds_right, held_out_qualities=qualities_right, **averages.rounded())
        if time.monotonic() - saved > run.SAVE_EVERY or clock.is_over:
            saved = time.monotonic()
            clip_model.save(out, model, tokenizer)
            checkpoint.save(kept, {"model": model.state_dict(), "heads": heads.state_dict(), "optimiser": optimiser.state(), "clock": clock.state()})
    log.write(step=clock.steps, final=accuracy(model, tokenizer, held_out, device))


def _loss(model, heads, sentences: _Sentences, images, kinds, qualities, device):
    pixels = clip_model.pixels(images)
    # Contrast and brightness vary more than on real pages.
    one = (len(pixels), 1, 1, 1)
    pixels = pixels * (1 + 0.1 * torch.randn(one, device=device)) + 0.1 * torch.randn(one, device=device)
    with run.autocast(device):
        seen = model.vision_model(pixels)
        image = F.normalize(model.visual_projection(seen).float(), dim=-1)
        text = model.text_features(sentences.tokens)
    scores = model.logit_scale.exp().clamp(max=100) * image @ text.float().T
    fits = sentences.fitting(kinds, qualities).float()
    from_images = -(F.log_softmax(scores, 1) * fits / fits.sum(1, keepdim=True)).sum(1).mean()
    used = fits.sum(0) > 0
    from_texts = -(F.log_softmax(scores.T, 1) * fits.T / fits.T.sum(1, keepdim=True).clamp(min=1)).sum(1)[used].mean()
    seen = seen.float()
    named = heads["kind"](seen)
    labelled = qualities >= 0
    loss = (from_images + from_texts) / 2 + F.cross_entropy(named, kinds) + 0.5 * F.cross_entropy(heads["quality"](seen[labelled]), qualities[labelled])
    return loss, (named.argmax(1) == kinds).float().mean().item()
