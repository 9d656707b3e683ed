"""Prompts and answers as sequences for the text model, and the losses."""

import random

import torch
import torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence

from . import run, tiles
from .characters import CLASSES
from .examples import Example
from .models import Reader, pixels
from .vocabulary import BOS, encode, tile_token


def blank_mask(example: Example, r: random.Random) -> torch.Tensor:
    """Patches kept: those with ink, and a few without."""
    kept = torch.from_numpy((example.cells > 0).any(-1))
    if example.tiles is not None:
        kept |= torch.from_numpy(tiles.has_ink(example.tiles))
    return kept | (torch.rand(kept.shape) < r.choice([0.02, 0.06, 0.2]))


def patches_kept(examples: list[Example], masks: list[torch.Tensor | None]) -> torch.Tensor:
    """Tiles of all examples x patches; all of those that have no mask."""
    whole = lambda e: torch.ones(len(e.cells), tiles.PATCHES, dtype=torch.bool)
    return torch.cat([whole(e) if mask is None else mask for e, mask in zip(examples, masks)])


def sequences(reader: Reader, examples: list[Example], seen: torch.Tensor, kept: torch.Tensor):
    """Embeddings of each example without its last token, and their places.
    `seen`: what the projector makes of the patches that are `kept` (tiles of
    all examples x patches). Those left out keep their places, so that a full
    page means the same."""
    device = seen.device
    embed = lambda tokens: reader.text.emb(torch.tensor(tokens, device=device))
    rows, places, tile, patch = [], [], 0, 0
    for e in examples:
        parts = [embed([BOS, *encode("USER: ")])]
        is_there = [torch.ones(len(parts[0]), dtype=torch.bool)]
        for number in range(len(e.cells)):
            count = int(kept[tile].sum())
            parts += [embed([tile_token(number + 1)]), seen[patch : patch + count]]
            is_there += [torch.ones(1, dtype=torch.bool), kept[tile]]
            tile, patch = tile + 1, patch + count
        tail = e.question + e.answer[:-1]
        parts.append(embed(tail))
        rows.append(torch.cat(parts))
        is_there = torch.cat([*is_there, torch.ones(len(tail), dtype=torch.bool)])
        places.append(is_there.nonzero()[:, 0].to(device))
    return rows, places


def answer_loss(reader: Reader, examples: list[Example], rows, places):
    """The loss over answers, and figures by kind."""
    device = rows[0].device
    # Padding stands behind: causal attention never sees it.
    padded, padded_places = pad_sequence(rows, batch_first=True), pad_sequence(places, batch_first=True)
    with run.autocast(device):
        if len(examples) == 1:
            logits = [reader.text(padded, padded_places[0], last=len(examples[0].answer))[0]]
        else:
            hidden = padded
            cosine, sine = (table[padded_places][:, None] for table in (reader.text.cosine, reader.text.sine))
            for layer in reader.text.layers:
                hidden = layer(hidden, cosine, sine)
            ends = [h[len(row) - len(e.answer) : len(row)] for h, row, e in zip(hidden, rows, examples)]
            logits = [reader.text.norm(end) @ reader.text.emb.weight.T for end in ends]
    total, figures = 0.0, []
    for e, guess in zip(examples, logits):
        wanted = torch.tensor(e.answer, device=device)
        loss = F.cross_entropy(guess.float(), wanted)
        # Between equal documents and equal tokens: long lists count for more.
        total = total + loss * (len(e.answer) / 250) ** 0.5 / len(examples)
        figures.append((f"loss.{e.kind}", loss.item()))
        figures.append((f"tokens.{e.kind}", (guess.argmax(-1) == wanted).float().mean().item()))
    return total, figures


def character_loss(guesses: torch.Tensor, wanted: torch.Tensor):
    """Cross-entropy of the character head over slots, and the share of
    characters that it has right. Empty slots count a quarter: most are empty."""
    guesses, wanted = guesses.float().reshape(-1, CLASSES), wanted.reshape(-1)
    weights = torch.where(wanted > 0, 1.0, 0.25)
    loss = (F.cross_entropy(guesses, wanted, reduction="none") * weights).sum() / weights.sum()
    real = wanted > 0
    right = (guesses.argmax(-1)[real] == wanted[real]).float().mean().item() if real.any() else 1.0
    return loss, right


def reading_loss(reader: Reader, examples: list[Example], masks, character_weight: float):
    """Loss of reading rendered pages, and figures. Where `masks` has none for
    an example, all of its patches count."""
    device = reader.text.emb.weight.device
    images = torch.cat([torch.from_numpy(e.tiles) for e in examples]).to(device)
    kept = patches_kept(examples, masks)
    with run.autocast(device):
        features = reader.vision(pixels(images), kept=kept.to(device))[0].float()
        seen = reader.projector(features).float()
        guesses = reader.head(features) if character_weight else None
    loss, figures = answer_loss(reader, examples, *sequences(reader, examples, seen, kept))
    if character_weight:
        wanted = torch.cat([torch.from_numpy(e.cells) for e in examples])[kept].to(device)
        characters, right = character_loss(guesses, wanted)
        loss = loss + character_weight * characters
        figures.append((f"characters.{examples[0].kind}" if len(examples) == 1 else "characters", right))
    return loss, figures
