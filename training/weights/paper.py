"""Damages a page as printing, paper, scanners and cameras do.

Works on gray pixels and moves the characters' places with them.
"""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .page import Characters


def damage(gray: np.ndarray, characters: Characters, r, amount: float = 1.0) -> tuple[np.ndarray, Characters]:
    """A scan of the page; `amount` scales how often each thing happens."""
    g = np.random.default_rng(r.getrandbits(32))
    paper = int(np.median(gray))
    happens = lambda probability: r.random() < probability * amount
    if happens(0.15):
        gray = _thermal(gray, paper, r, g)
    if happens(0.06):
        gray = _strokes(gray, r)
    if happens(0.3):
        gray, characters = _on_larger_sheet(gray, characters, r, paper)
    if happens(0.35):
        gray, characters = _rotated(gray, characters, r, paper)
    if happens(0.08):
        gray, characters = _perspective(gray, characters, r, paper)
    if happens(0.12):
        gray, characters = _curled(gray, characters, r)
    if happens(0.12):
        gray = _low_resolution(gray, r)
    if happens(0.35):
        gray = _blurred(gray, r)
    pixels = gray.astype(np.float32)
    if happens(0.1):
        pixels = _folded(pixels, r)
    if happens(0.3):
        pixels = 255 - (255 - pixels) * r.uniform(0.45, 0.95)  # faded
    if happens(0.3):
        pixels = _shadow(pixels, r)
    if happens(0.4):
        pixels = pixels + g.standard_normal(pixels.shape, np.float32) * r.uniform(1, 11)
    if happens(0.1):
        spots = g.random(pixels.shape, np.float32) < r.uniform(0.0002, 0.002)
        pixels[spots] = g.integers(0, 255, int(spots.sum()))
    gray = np.clip(pixels, 0, 255).astype(np.uint8)
    if happens(0.06):  # bilevel, as fax and old scanners
        threshold = paper * r.uniform(0.6, 0.85)
        gray = np.where(gray > threshold, 255, 0).astype(np.uint8)
    if happens(0.4):
        buffer = io.BytesIO()
        Image.fromarray(gray).save(buffer, "JPEG", quality=r.randint(30, 85))
        gray = np.asarray(Image.open(buffer))
    return gray, characters


def slip(gray: np.ndarray, characters: Characters, r) -> tuple[np.ndarray, Characters]:
    """A till printer's slip, and what is around it on a scanner: letters of 12
    by 24 dots are narrower than fonts have them, dots are black or white, and the
    paper is smaller than the picture."""
    height, width = gray.shape
    paper = int(np.median(gray))
    if r.random() < 0.7:
        gray, characters = _stretched(gray, characters, r.uniform(1.1, 1.75))
        height = len(gray)
    if r.random() < 0.35:
        ink = int(np.percentile(gray, 1))
        gray = np.where(gray < (paper + ink) * r.uniform(0.4, 0.6), np.uint8(ink), np.uint8(paper))
    if r.random() < 0.4:
        edges = lambda: [round(r.choice([0, 0.01, r.uniform(0, 0.2)]) * width) for _ in range(2)]
        (left, right), (top, bottom) = edges(), edges()
        shade = r.choice([paper, paper, r.randint(225, 255)])
        sheet = np.full((height + top + bottom, width + left + right), shade, np.uint8)
        sheet[top : top + height, left : left + width] = gray
        gray, characters = sheet, Characters(characters.x + left, characters.y + top, characters.ids)
        # A lid that does not close: dark along an edge, of uneven width.
        for side in range(4):
            if r.random() < 0.3:
                turned = np.rot90(gray, side)  # a view
                depth = np.interp(np.arange(turned.shape[1]), np.linspace(0, turned.shape[1], 5), [r.uniform(0, 0.02) * width for _ in range(5)])
                turned[np.arange(turned.shape[0])[:, None] < depth[None]] = r.randint(0, 90)
    return gray, characters


def spread(gray: np.ndarray, characters: Characters, r, height: int) -> tuple[np.ndarray, Characters]:
    """The page made `height` rows tall by white space between its lines, as
    letterheads, ends of tables and feet have it."""
    missing = height - len(gray)
    if missing <= 0:
        return gray, characters
    lines = np.unique(np.round(characters.y).astype(np.int64))
    between = (lines[1:] + lines[:-1])[np.diff(lines) > 8] // 2
    if not len(between):
        return gray, characters
    gaps = r.choices(between.tolist(), k=r.choice([1, 2, 3, 5, 40]))
    parts = [r.random() for _ in gaps]
    added = [round(missing * part / sum(parts)) for part in parts]
    repeats = np.ones(len(gray), np.int64)
    np.add.at(repeats, gaps, added)
    down = np.zeros(len(gray) + 1, np.int64)
    np.add.at(down, [gap + 1 for gap in gaps], added)
    rows = np.clip(np.round(characters.y).astype(np.int64), 0, len(gray))
    return np.repeat(gray, repeats, 0), Characters(characters.x, characters.y + np.cumsum(down)[rows].astype(np.float32), characters.ids)


def pressed(gray: np.ndarray, characters: Characters, r) -> tuple[np.ndarray, Characters]:
    """Varies the font: wider or narrower, bolder or finer letters."""
    if r.random() < 0.6:
        gray, characters = _stretched(gray, characters, r.uniform(0.85, 1.25))
    if r.random() < 0.6:
        image, share = Image.fromarray(gray), r.uniform(0, 0.6)
        strokes = ImageFilter.MinFilter(3) if r.random() < 0.6 else ImageFilter.MaxFilter(3)
        gray = np.asarray(Image.blend(image, image.filter(strokes), share))
    return gray, characters


def _stretched(gray: np.ndarray, characters: Characters, factor: float) -> tuple[np.ndarray, Characters]:
    """The page `factor` times as tall and as wide as it was."""
    height, width = gray.shape
    taller = round(height * factor)
    gray = np.asarray(Image.fromarray(gray).resize((width, taller), Image.BICUBIC))
    return gray, Characters(characters.x, characters.y * (taller / height), characters.ids)


def _on_larger_sheet(gray, characters, r, paper):
    """Adds the margins of a scanner or a table, sometimes dark ones."""
    height, width = gray.shape
    left, right = (round(r.uniform(0, 0.35) * width) for _ in range(2))
    top, bottom = (round(r.uniform(0, 0.15) * width) for _ in range(2))
    shade = paper if r.random() < 0.5 else r.randint(235, 255) if r.random() < 0.8 else r.randint(0, 120)
    if shade < 128:  # dark margins are not cropped away; narrow ones only
        left, right, top, bottom = (value // 6 for value in (left, right, top, bottom))
    sheet = np.full((height + top + bottom, width + left + right), shade, np.uint8)
    sheet[top : top + height, left : left + width] = gray
    return sheet, Characters(characters.x + left, characters.y + top, characters.ids)


def _rotated(gray, characters, r, paper):
    degrees = r.gauss(0, 0.8)
    degrees = max(-2.5, min(2.5, degrees))
    image = Image.fromarray(gray).rotate(degrees, Image.BILINEAR, fillcolor=paper)
    centre_x, centre_y = gray.shape[1] / 2, gray.shape[0] / 2
    angle = np.deg2rad(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    dx, dy = characters.x - centre_x, characters.y - centre_y
    return np.asarray(image), Characters(dx * cos + dy * sin + centre_x, -dx * sin + dy * cos + centre_y, characters.ids)


def _perspective(gray, characters, r, paper):
    height, width = gray.shape
    shift = lambda: r.uniform(-0.02, 0.02)
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
    target = source + np.array([(shift() * width, shift() * width) for _ in range(4)])
    forward = _homography(source, target)
    backward = np.linalg.inv(forward)
    backward /= backward[2, 2]
    image = Image.fromarray(gray).transform((width, height), Image.PERSPECTIVE, backward.flatten()[:8].tolist(), Image.BILINEAR, fillcolor=paper)
    points = np.stack([characters.x, characters.y, np.ones_like(characters.x)])
    moved = forward @ points
    return np.asarray(image), Characters((moved[0] / moved[2]).astype(np.float32), (moved[1] / moved[2]).astype(np.float32), characters.ids)


def _homography(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    rows, right = [], []
    for (x, y), (u, v) in zip(source, target):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    solution = np.linalg.solve(np.array(rows), np.array(right))
    return np.append(solution, 1).reshape(3, 3)


def _curled(gray, characters, r):
    """Columns pushed up and down along a bow, as paper that does not lie flat."""
    height, width = gray.shape
    bow, phase = r.uniform(1, 6) * r.choice([-1, 1]), r.uniform(0, np.pi)
    lift = lambda x: bow * np.sin(np.pi * x / width + phase)
    shift = lift(np.arange(width))
    whole = np.floor(shift).astype(np.int64)
    part = (shift - whole).astype(np.float32)
    rows = np.arange(height)[:, None] - whole[None]
    upper = np.take_along_axis(gray, np.clip(rows, 0, height - 1), 0)
    lower = np.take_along_axis(gray, np.clip(rows - 1, 0, height - 1), 0)
    bent = (upper * (1 - part) + lower * part).astype(np.uint8)
    return bent, Characters(characters.x, characters.y + lift(characters.x).astype(np.float32), characters.ids)


def _low_resolution(gray, r):
    height, width = gray.shape
    factor = r.uniform(0.55, 0.85)
    small = Image.fromarray(gray).resize((max(8, round(width * factor)), max(8, round(height * factor))), Image.BILINEAR)
    return np.asarray(small.resize((width, height), Image.BICUBIC))


def _blurred(gray, r):
    return np.asarray(Image.fromarray(gray).filter(ImageFilter.GaussianBlur(r.uniform(0.2, 0.9))))


def _thermal(gray, paper, r, g):
    """A worn print head: paler bands across and down, missing dots."""
    pixels = paper - gray.astype(np.float32)
    height, width = gray.shape
    pixels *= np.interp(np.arange(width), np.linspace(0, width, 6), g.uniform(0.55, 1, 6)).astype(np.float32)[None]
    pixels *= np.interp(np.arange(height), np.linspace(0, height, 9), g.uniform(0.6, 1, 9)).astype(np.float32)[:, None]
    if r.random() < 0.4:
        column = r.randint(0, width - 1)
        pixels[:, column : column + r.choice([1, 1, 2])] *= 0.2
    if r.random() < 0.5:
        pixels *= 1 - 0.5 * (g.random(pixels.shape, np.float32) < r.uniform(0, 0.15))
    return np.clip(paper - pixels, 0, 255).astype(np.uint8)


def _strokes(gray, r):
    """A pen's mark, or a stamp."""
    image = Image.fromarray(gray)
    pen = ImageDraw.Draw(image)
    width, height = image.size
    ink = r.randint(60, 170)
    if r.random() < 0.4:
        x, y, radius = r.randint(0, width), r.randint(0, height), r.randint(30, 90)
        pen.ellipse((x - radius, y - radius * 0.6, x + radius, y + radius * 0.6), outline=ink, width=r.randint(1, 3))
    else:
        points = [(r.randint(0, width), r.randint(0, height))]
        for _ in range(r.randint(3, 14)):
            points.append((points[-1][0] + r.randint(-6, 26), points[-1][1] + r.randint(-14, 14)))
        pen.line(points, fill=ink, width=r.randint(1, 3))
    return np.asarray(image)


def _folded(pixels, r):
    height, width = pixels.shape
    across = r.random() < 0.6
    length = height if across else width
    at, reach = r.randint(0, length - 1), r.uniform(2, 14)
    profile = r.choice([-1, 1]) * r.uniform(10, 50) * np.exp(-(((np.arange(length) - at) / reach) ** 2))
    return pixels + (profile[:, None] if across else profile[None]).astype(np.float32)


def _shadow(pixels, r):
    height, width = pixels.shape
    pixels = pixels * np.linspace(r.uniform(0.75, 1), r.uniform(0.75, 1), width, dtype=np.float32)[None]
    return pixels * np.linspace(r.uniform(0.85, 1), r.uniform(0.85, 1), height, dtype=np.float32)[:, None]
