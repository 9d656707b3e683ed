"""Fonts of Debian's packages, with widths cached: laying a page out asks for
thousands of them.

Training and held-out pages never share a family: a family belongs to the
package that it comes in, and packages are split.
"""

from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

ROOT = Path("/usr/share/fonts")

# Folders under ROOT, and the Debian packages that fill them.
TRAINING = {
    "truetype/dejavu": "fonts-dejavu-core fonts-dejavu-extra",
    "truetype/liberation2": "fonts-liberation2",
    "truetype/roboto/unhinted": "fonts-roboto-unhinted",
    "truetype/open-sans": "fonts-open-sans",
    "truetype/lato": "fonts-lato",
    "truetype/inconsolata": "fonts-inconsolata",
    "opentype/courier-prime": "fonts-courier-prime",
    "truetype/jetbrains-mono": "fonts-jetbrains-mono",
    "truetype/hack": "fonts-hack",
    "truetype/freefont": "fonts-freefont-ttf",
    "truetype/croscore": "fonts-croscore",
    "truetype/crosextra": "fonts-crosextra-carlito fonts-crosextra-caladea",
    "opentype/cantarell": "fonts-cantarell",
    "opentype/ocr-b": "fonts-ocr-b",
    "truetype/ocr-a": "fonts-ocr-a",
    "truetype/noto": "fonts-noto-mono",
    "truetype/firacode": "fonts-firacode",
    "truetype/anonymous-pro": "fonts-anonymous-pro",
    "opentype/urw-base35": "fonts-urw-base35",
    "truetype/quicksand": "fonts-quicksand",
    "truetype/oxygen": "fonts-oxygen",
    "opentype/inter": "fonts-inter",
    "truetype/3270": "fonts-3270",
    "opentype/b612": "fonts-b612",
    "truetype/mononoki": "fonts-mononoki",
    "truetype/vollkorn": "fonts-vollkorn",
    "opentype/linux-libertine": "fonts-linuxlibertine",
    "opentype/cabin": "fonts-cabin",
}
HELD_OUT = {
    "fonts-go": "fonts-go",
    "truetype/paratype": "fonts-paratype",
    "truetype/karla": "fonts-karla",
    "truetype/adf": "fonts-adf-gillius",
    "truetype/agave": "fonts-agave",
    "truetype/gentium-basic": "fonts-sil-gentium-basic",
    "opentype/roboto/slab": "fonts-roboto-slab",
    "truetype/monoid": "fonts-monoid",
}

# Most documents are set in a few faces; these make up most of the pages.
_COMMON = frozenset(
    "DejaVuSans DejaVuSans-Bold DejaVuSansMono DejaVuSansMono-Bold LiberationSans-Regular LiberationSans-Bold "
    "LiberationMono-Regular LiberationMono-Bold LiberationSerif-Regular LiberationSerif-Bold Roboto-Regular Roboto-Bold "
    "RobotoCondensed-Regular RobotoCondensed-Bold OpenSans-Regular Carlito-Regular Carlito-Bold Lato-Regular Inconsolata "
    "CourierPrime NimbusMonoPS-Regular NimbusMonoPS-Bold NimbusSans-Regular NimbusSansNarrow-Regular FreeMono FreeMonoBold "
    "FreeSans OCRB Inter-Regular Hack-Regular Cousine-Regular Cousine-Bold Arimo-Regular JetBrainsMono-Regular".split()
)
_COMMON_SHARE = 0.8

# Faces with ornaments, swashes or letters of one case only, which no document
# is set in.
_ODD = ("Z003", "D050000L", "StandardSymbols", "LinLibertine_I", "LinBiolinum_K", "_DR", "Thin", "PTZ", "OCRBX", "OCRBF")
_SLANTED = ("Italic", "Oblique", "-Ital", "It.otf", "_I.", "_RI", "_BI", "GenBasI", "GenBasBI", "PTF56", "PTF76", "PTS56", "PTS76")
_MONOSPACED = (
    "mono courier cousine hack inconsolata firacode ocr 3270 anonymous nimbusmono agave ptm monoid".split()
)


def packages() -> list[str]:
    return sorted(" ".join([*TRAINING.values(), *HELD_OUT.values()]).split())


def _files(folders: dict[str, str]) -> list[str]:
    found = sorted(
        str(path)
        for folder in folders
        for path in (ROOT / folder).glob("**/*")
        if path.suffix in (".ttf", ".otf") and not any(odd in path.name for odd in _ODD)
    )
    missing = [package for folder, package in folders.items() if not (ROOT / folder).is_dir()]
    if missing:
        raise SystemExit(f"fonts are missing: apt-get install {' '.join(missing)}")
    return found


def is_monospaced(path: str) -> bool:
    return any(part in Path(path).name.lower() for part in _MONOSPACED)


class FontBook:
    """The faces that pages of one split may use."""

    def __init__(self, held_out: bool = False):
        files = _files(HELD_OUT if held_out else TRAINING)
        upright = [path for path in files if not any(slant in path for slant in _SLANTED)]
        self.all = files
        self.held_out = held_out
        self._mono = [path for path in upright if is_monospaced(path)]
        self._text = [path for path in upright if not is_monospaced(path)]
        self._common_mono = [path for path in self._mono if _stem(path) in _COMMON] or self._mono
        self._common_text = [path for path in self._text if _stem(path) in _COMMON] or self._text

    def mono(self, r) -> str:
        return r.choice(self._common_mono if r.random() < _COMMON_SHARE else self._mono)

    def text(self, r) -> str:
        if r.random() < 0.03:
            return r.choice(self.all)
        return r.choice(self._common_text if r.random() < _COMMON_SHARE else self._text)


@lru_cache(maxsize=4)
def book(held_out: bool = False) -> FontBook:
    return FontBook(held_out)


def _stem(path: str) -> str:
    return Path(path).stem.replace(" ", "")


class Face:
    """A font at a size, with the advance of each character."""

    __slots__ = ("path", "size", "ascent", "descent", "_advances", "_font")

    def __init__(self, path: str, size: int):
        self.path, self.size = path, size
        # Basic layout: no ligatures, so that each character has a place of its own.
        self._font = ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
        self.ascent, self.descent = self._font.getmetrics()
        self._advances: dict[str, float] = {}

    def advance(self, character: str) -> float:
        known = self._advances.get(character)
        if known is None:
            known = self._advances[character] = self._font.getlength(character)
        return known

    def width(self, text: str) -> float:
        return sum(map(self.advance, text))

    def fit(self, text: str, width: float) -> str:
        """As much of `text` as fits into `width`."""
        while text and self.width(text) > width:
            text = text[:-1]
        return text.strip()

    @property
    def font(self) -> ImageFont.FreeTypeFont:
        return self._font


@lru_cache(maxsize=3000)
def face(path: str, size: int) -> Face:
    return Face(path, size)


def bold(path: str) -> str:
    """The bold of a face, where there is one."""
    for regular in ("-Regular", "_R", "Regular"):
        if regular in path:
            other = path.replace(regular, {"-Regular": "-Bold", "_R": "_RB", "Regular": "Bold"}[regular])
            if Path(other).is_file():
                return other
    other = path.replace(".ttf", "-Bold.ttf")
    return other if other != path and Path(other).is_file() else path
