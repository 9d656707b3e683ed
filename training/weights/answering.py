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
    return kept | (torch.rand(kept.shape) < r.choice([0.03, 0.1, 0.3]))


def sequences(reader: Reader, examples: list[Example], seen: torch.Tensor, masks: list[torch.Tensor | None]):
    """Embeddings of each example without its last token, and their places.
    `seen`: the patches of all tiles of all examples as the text model gets
    them. A mask leaves patches out; the others keep their places, so that a
    full page means the same."""
    device = seen.device
    embed = lambda tokens: reader.text.emb(torch.tensor(tokens, device=device))
    rows, places, first = [], [], 0
    whole = torch.ones(tiles.PATCHES, dtype=torch.bool)
    for e, mask in zip(examples, masks):
        parts = [embed([BOS, *encode("USER: ")])]
        kept = [torch.ones(len(parts[0]), dtype=torch.bool)]
        for tile in range(len(e.cells)):
            parts += [embed([tile_token(tile + 1)]), seen[first + tile]]
            kept += [torch.ones(1, dtype=torch.bool), whole if mask is None else mask[tile]]
        tail = e.question + e.answer[:-1]
        parts.append(embed(tail))
        kept = torch.cat([*kept, torch.ones(len(tail), dtype=torch.bool)]).to(device)
        rows.append(torch.cat(parts)[kept])
        places.append(torch.arange(len(kept), device=device)[kept])
        first += len(e.cells)
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
    """Loss of reading rendered pages, and figures."""
    device = reader.text.emb.weight.device
    images = torch.cat([torch.from_numpy(e.tiles) for e in examples]).to(device)
    with run.autocast(device):
        features = reader.vision(pixels(images)).float()
        seen = reader.projector(features).float()
        guesses = reader.head(features) if character_weight else None
    loss, figures = answer_loss(reader, examples, *sequences(reader, examples, seen, masks))
    if character_weight:
        wanted = torch.cat([torch.from_numpy(e.cells) for e in examples]).to(device)
        characters, right = character_loss(guesses, wanted)
        loss = loss + character_weight * characters
        figures.append(("characters", right))
    return loss, figures
