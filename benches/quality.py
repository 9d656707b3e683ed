#!/usr/bin/env python3
"""How well the measures of page quality tell damaged pages from clean ones.

Damages clean pages in known steps, measures them with `docmill quality`, and
prints for each kind of damage the area under the ROC curve of its measure and
the share of pages with the finding, by step; then the false alarms on clean
and on real pages.

    cd training && python -m weights heldout /tmp/made --receipts 14 --invoices 10 --screenshots 6
    python3 benches/quality.py fixtures /tmp/made --real CORPUS/receipts/dev --out /tmp/quality
"""

import argparse
import collections
import json
import pathlib
import subprocess

import numpy
from PIL import Image, ImageFilter

IMAGES = {".png", ".jpg", ".jpeg"}


def gray(image):
    return numpy.asarray(image.convert("L"), dtype=numpy.float32)


def picture(pixels):
    return Image.fromarray(numpy.clip(pixels, 0, 255).astype(numpy.uint8))


def noisy(pixels, sigma, dice):
    return picture(pixels + dice.normal(0, sigma, pixels.shape))


def blurred(image, height, share, dice):
    return image.filter(ImageFilter.GaussianBlur(share * height))


def small(image, height, wanted, dice):
    scale = wanted / height
    size = [max(1, round(side * scale)) for side in image.size]
    return image.resize(size, Image.LANCZOS)


def dark(image, height, factor, dice):
    return noisy(gray(image) * factor, 2, dice)


def light(image, height, factor, dice):
    return noisy(255 - (255 - gray(image)) * factor, 1, dice)


def cut(image, height, share, dice):
    """Takes a share of the printed width or height off one side."""
    pixels = gray(image)
    inked = pixels < numpy.median(pixels) - 60
    columns = numpy.flatnonzero(inked.sum(0) > 2)
    rows = numpy.flatnonzero(inked.sum(1) > 2)
    if len(columns) == 0 or len(rows) == 0:
        return image
    side = int(dice.integers(2))
    if side == 0:
        return image.crop((int(columns[0] + share * numpy.ptp(columns)), 0, *image.size))
    right = int(columns[-1] - share * numpy.ptp(columns))
    return image.crop((0, 0, right, image.size[1]))


def turned(image, height, degrees, dice):
    return image.rotate(-degrees, expand=True)


def skewed(image, height, degrees, dice):
    return image.rotate(-degrees, resample=Image.BICUBIC, fillcolor="white")


def blank(image, height, sigma, dice):
    """The back of the page: paper with the scanner's noise, a shadow and dust."""
    across, down = image.size
    paper = dice.uniform(215, 250) - dice.uniform(0, 25) * numpy.linspace(0, 1, across)[None, :]
    pixels = numpy.repeat(paper, down, axis=0)
    for _ in range(int(across * down / 200_000)):
        x, y = dice.integers(across), dice.integers(down)
        pixels[y : y + 2, x : x + 1] = 120
    return noisy(pixels, sigma, dice)


# Finding, steps (the clean page is the other class), damage.
KINDS = {
    "blur": ("too_blurred", [0.04, 0.08, 0.12, 0.2], blurred),
    "small": ("text_too_small", [16, 11, 8, 6], small),
    "dark": ("under_exposed", [0.6, 0.4, 0.25, 0.15], dark),
    "light": ("over_exposed", [0.6, 0.35, 0.2, 0.12], light),
    "cut": ("cut_off", [0.04, 0.1], cut),
    "turned": ("turned", [90, 180], turned),
    "skewed": (None, [-4, -1, 2], skewed),
    "blank": ("blank", [1, 3, 5, 7], blank),
}
# OCR changes nothing about these, and takes most of the time.
WITHOUT_OCR = {"dark", "skewed", "blank"}
# The measure of a finding, and whether more of it is worse.
MEASURES = {
    "too_blurred": ("relative_blur", 1),
    "text_too_small": ("text_height", -1),
    "under_exposed": ("lightest", -1),
    "over_exposed": ("contrast", -1),
    "cut_off": ("cut_lines", 1),
    "turned": ("turned", 1),
    "blank": ("ink", -1),
    "two_receipts": ("blocks", 1),
}


def measured(docmill, folder, database, ocr=True):
    setting = [] if ocr else ["--set", "ocr.mode=off"]
    command = [docmill, "--db", database, *setting, "quality", "--json", folder]
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout
    pages = [json.loads(line) for line in out.splitlines()]
    # Other files beside the images are not pages.
    pages = [page for page in pages if page.get("failure", {}).get("reason") != "unsupported_type"]
    for page in pages:
        if "failure" in page:
            raise SystemExit(f"not measured: {page}")
        page["quality"]["relative_blur"] = page["relative_blur"]
        page["codes"] = [finding["code"] for finding in page["findings"]]
    return pages


def pasted(receipts, dice):
    """Two receipts side by side on one scan."""
    left, right = dice.choice(len(receipts), 2, replace=False)
    down = 1400
    images = []
    for at in (left, right):
        image = receipts[at].convert("L")
        images.append(image.resize((round(image.width * down / image.height), down)))
    gap = int(down * 0.05)
    sheet = Image.new("L", (sum(i.width for i in images) + 3 * gap, down + 2 * gap), 250)
    sheet.paste(images[0], (gap, gap))
    sheet.paste(images[1], (images[0].width + 2 * gap, gap + int(dice.integers(gap))))
    return sheet


def auc(clean, damaged, sign):
    """Share of pairs in which the damaged page is the worse one; ties are half."""
    if not clean or not damaged:
        return float("nan")
    a, b = numpy.array(clean)[:, None] * sign, numpy.array(damaged)[None, :] * sign
    return float(((a < b) + 0.5 * (a == b)).mean())


def value(page, name, worst):
    found = page["quality"].get(name)
    return worst if found is None else found


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("clean", nargs="+", type=pathlib.Path, help="folders of clean pages")
    arguments.add_argument("--real", type=pathlib.Path, help="folder of real pages")
    arguments.add_argument("--out", type=pathlib.Path, required=True)
    arguments.add_argument("--docmill", default="target/release/docmill")
    arguments.add_argument("--pages", type=int, default=12, help="clean pages to damage, evenly chosen")
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    dice = numpy.random.default_rng(given.seed)
    files = sorted(f for folder in given.clean for f in folder.rglob("*") if f.suffix in IMAGES)
    step = max(1, len(files) // given.pages)
    files = files[::step][: given.pages]
    database = str(given.out / "none.db")
    base = given.out / "clean"
    base.mkdir(parents=True, exist_ok=True)
    receipts = []
    for at, file in enumerate(files):
        image = Image.open(file).convert("RGB")
        image.save(base / f"{at:03}.png")
        if "receipt" in str(file):
            receipts.append(image)
    clean = measured(given.docmill, base, database)
    for at in range(len(files)):
        image = Image.open(base / f"{at:03}.png")
        height = value(clean[at], "text_height", 20)
        for kind, (_, steps, damage) in KINDS.items():
            for step in steps:
                folder = given.out / "damaged" / kind / str(step)
                folder.mkdir(parents=True, exist_ok=True)
                damage(image, height, step, dice).save(folder / f"{at:03}.png")
    two = given.out / "damaged" / "two" / "1"
    two.mkdir(parents=True, exist_ok=True)
    for at in range(3 * len(receipts)):
        pasted(receipts, dice).save(two / f"{at:03}.png")

    print(f"{len(files)} clean pages")
    print("damage\tstep\tpages\tfinding\tAUC\tfound")
    for kind in [*KINDS, "two"]:
        code = KINDS[kind][0] if kind in KINDS else "two_receipts"
        for step in KINDS[kind][1] if kind in KINDS else [1]:
            folder = given.out / "damaged" / kind / str(step)
            pages = measured(given.docmill, folder, database, kind not in WITHOUT_OCR)
            (given.out / f"{kind}_{step}.json").write_text(json.dumps(pages, indent=1))
            if code is None:
                errors = [abs(p["quality"]["skew"] - step) for p in pages if p["quality"]["skew"] is not None]
                print(f"{kind}\t{step}\t{len(pages)}\tskew: {len(errors)} measured, median error "
                      f"{numpy.median(errors):.2f}, 90 % within {numpy.quantile(errors, 0.9):.2f} degrees")
                continue
            name, sign = MEASURES[code]
            worst = float("inf") * sign
            area = auc([value(p, name, -worst) for p in clean], [value(p, name, worst) for p in pages], sign)
            found = sum(code in page["codes"] for page in pages)
            print(f"{kind}\t{step}\t{len(pages)}\t{code}\t{area:.3f}\t{found / len(pages):.2f}", flush=True)
    sets = [("clean", clean)]
    if given.real:
        sets.append(("real", measured(given.docmill, given.real, database)))
    for name, pages in sets:
        codes = collections.Counter(code for page in pages for code in page["codes"])
        print(f"false alarms, {len(pages)} {name} pages: {dict(codes) or 'none'}")
        for page in pages:
            if page["codes"]:
                print("  ", pathlib.Path(page["path"]).name, *page["codes"])
        (given.out / f"{name}.json").write_text(json.dumps(pages, indent=1))


if __name__ == "__main__":
    main()
