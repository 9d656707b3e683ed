"""Pages with what can be said about their looks, as CLIP's image tower embeds them.

The pages are those of the router (`clip_pages`), some with a coloured letterhead or a stamp. The
image tower is not trained here, so each page is embedded once and kept.
"""

import math
import multiprocessing
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from . import clip_model, clip_pages, fonts, run

SHARD = 500
_COLOURS = {"red": (190, 30, 40), "blue": (30, 70, 180), "green": (30, 130, 60), "violet": (110, 50, 150)}
_STAMPED = {"receipt", "invoice", "letter", "form"}
_HEADED = {"invoice", "letter", "report", "form"}


@dataclass
class Pages:
    """`vectors` are n x d, of unit length; `marks` n x len(names), whether a page has the mark."""

    vectors: torch.Tensor
    marks: torch.Tensor
    names: list[str]


def page(r: random.Random, held_out: bool) -> tuple[np.ndarray, set[str]]:
    """A page as CLIP sees it and its marks: the names of what can be said about it."""
    kind, marks = r.choices(clip_pages.CLASSES, clip_pages.WEIGHTS)[0], set()
    image = clip_pages.draw(r, kind, held_out, marks)
    if kind in _HEADED and r.random() < 0.25:
        _letterhead(image, r, marks)
    if kind in _STAMPED and r.random() < 0.25:
        image = _stamped(image, r, marks)
    marks.update(["long"] * (image.height > 2.2 * image.width) + ["landscape"] * (image.width > 1.2 * image.height))
    state, image = clip_pages.spoilt(r, kind, image)
    return clip_pages.as_seen(image), marks | {kind} | ({state} - {"clean"})


def _shade(r, colour: str) -> tuple[int, int, int]:
    return tuple(max(0, min(255, value + r.randint(-25, 25))) for value in _COLOURS[colour])


def _letterhead(image: Image.Image, r, marks: set[str]) -> None:
    """A band of a colour across the head of the sheet."""
    colour = r.choice(["red", "blue", "green"])
    height = round(r.uniform(0.02, 0.09) * image.height)
    top = 0 if r.random() < 0.6 else round(r.uniform(0.01, 0.04) * image.height)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, top, image.width, top + height), fill=_shade(r, colour))
    if height > 20:
        name = fonts.face(fonts.book().text(r), round(height * 0.5))
        pen.text((0.06 * image.width, top + 0.2 * height), r.choice(["Weber", "Nordwind", "Lumen", "Sol y Mar"]), font=name.font, fill=(255, 255, 255))
    marks.update(["letterhead", f"{colour} letterhead"])


def _stamped(image: Image.Image, r, marks: set[str]) -> Image.Image:
    """With a rubber stamp: a ring or a frame with a word, turned a little."""
    colour = r.choice(list(_COLOURS))
    side = round(r.uniform(0.14, 0.34) * min(image.width, 0.75 * image.height))
    ink = (*_shade(r, colour), r.randint(150, 240))
    stamp = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    pen, wide = ImageDraw.Draw(stamp), max(2, side // 18)
    is_round = r.random() < 0.5
    if is_round:
        pen.ellipse((1, 1, side - 2, side - 2), outline=ink, width=wide)
        pen.ellipse((side * 0.2, side * 0.2, side * 0.8, side * 0.8), outline=ink, width=max(1, wide // 2))
    else:
        pen.rounded_rectangle((1, side * 0.3, side - 2, side * 0.7), side * 0.08, outline=ink, width=wide)
    word = r.choice(["PAID", "BEZAHLT", "PAYÉ", "PAGADO", "DIBAYAR", "COPY", "RECEIVED"])
    size = max(7, round(side / (0.9 * len(word))))
    pen.text((side / 2, side / 2), word, font=fonts.face(fonts.book().text(r), size).font, fill=ink, anchor="mm")
    stamp = stamp.rotate(r.uniform(-35, 35), Image.BICUBIC, expand=True)
    place = (r.randint(0, max(0, image.width - stamp.width)), r.randint(image.height // 4, max(image.height // 4, image.height - stamp.height)))
    image = image.convert("RGB")
    image.paste(stamp, place, stamp)
    marks.update(["stamp", f"{colour} stamp", "round stamp" if is_round else "stamp in a frame"])
    return image


def _make(path: Path, folder: Path, count: int, seed: str, held_out: bool) -> None:
    run.be_kind()
    torch.set_num_threads(1)
    made = [page(random.Random(f"{seed}/{number}"), held_out) for number in range(count)]
    model, _ = clip_model.load(folder)
    model.eval()
    with torch.no_grad():
        parts = np.array_split(np.stack([pixels for pixels, _ in made]), math.ceil(count / 50))
        vectors = torch.cat([model.image_features(clip_model.pixels(torch.from_numpy(part))) for part in parts])
    fresh = path.with_suffix(".new.npz")
    np.savez(fresh, vectors=vectors.numpy(), marks=np.array(["|".join(sorted(marks)) for _, marks in made]))
    fresh.replace(path)


def make(folder: Path, clip: Path, count: int, processes: int, seed: int = 1) -> None:
    """Embeds pages in shards and a quarter as many of fonts held out. Shards that exist are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = []
    for name, pages, held_out in (("train", count, False), ("held-out", count // 4, True)):
        for shard in range(math.ceil(pages / SHARD)):
            size = min(SHARD, pages - shard * SHARD)
            jobs.append((folder / f"{name}-{shard:03}.npz", clip, size, f"looks/{seed}/{name}/{shard}", held_out))
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        pool.starmap(_make, [job for job in jobs if not job[0].exists()], chunksize=1)


def load(folder: Path, name: str, names: list[str]) -> Pages:
    """The shards `train` or `held-out`."""
    shards = [np.load(path) for path in sorted(folder.glob(f"{name}-[0-9]*.npz"))]
    if not shards:
        raise SystemExit(f"no pages in {folder}: run `python -m weights look-pages` first")
    marks = [set(text.split("|")) for shard in shards for text in shard["marks"]]
    has = torch.tensor([[mark in of_page for mark in names] for of_page in marks])
    return Pages(torch.from_numpy(np.concatenate([shard["vectors"] for shard in shards])), has, names)
