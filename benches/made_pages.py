"""Made documents as PDFs: a picture of each page over the words that it prints, as scanners with
OCR write them. docmill then takes the words from the text layer, which saves the time of OCR."""

import io
import pathlib
import sys
import zlib

from PIL import Image

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "training"))

from weights import fonts, sellers  # noqa: E402

RESOLUTION = 150.0


def document(kind, style, number):
    """One page of a seller with layouts and fonts that training never saw."""
    return sellers.MAKERS[kind](style, number, fonts.book(held_out=True), 2.0)


def words(page):
    """Text, left, top, width and height of each word, in pixels."""
    for run in page.runs:
        at = 0
        for word in run.text.split(" "):
            if word:
                left = run.x + run.face.width(run.text[:at])
                yield word, left, run.y, run.face.width(word), run.face.ascent + run.face.descent
            at += len(word) + 1


def pdf(image, placed, path):
    """A page with invisible words (text rendering mode 3, PDF 32000-1, 9.3.6). Courier's letters
    are 0.6 of its size wide, so that each word can be scaled to its width."""
    scale = 72 / RESOLUTION
    width, height = image.width * scale, image.height * scale
    text = ["q", f"{width:.2f} 0 0 {height:.2f} 0 0 cm /I Do Q", "BT 3 Tr"]
    for word, left, top, wide, tall in placed:
        code = word.encode("cp1252", "ignore").hex()
        letters = len(code) // 2
        if letters:
            size = tall * scale
            text.append(f"/F {size:.2f} Tf {100 * wide * scale / (0.6 * size * letters):.2f} Tz 1 0 0 1 {left * scale:.2f} {height - (top + 0.8 * tall) * scale:.2f} Tm <{code}> Tj")
    content = zlib.compress("\n".join([*text, "ET"]).encode())
    pixels = io.BytesIO()
    image.save(pixels, "JPEG", quality=80)
    pixels = pixels.getvalue()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %.2f %.2f] /Contents 4 0 R /Resources << /XObject << /I 5 0 R >> /Font << /F 6 0 R >> >> >>" % (width, height),
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(content) + content + b"\nendstream",
        b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode /Length %d >>\nstream\n" % (*image.size, len(pixels)) + pixels + b"\nendstream",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
    ]
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    pathlib.Path(path).write_bytes(out)


def picture(page):
    return Image.fromarray(page.draw()[0])
