"""The text model's tokens: bytes, single characters, and whole pieces of JSON.

Keys with their quotes and colon are one token each, so that an answer is
mostly values. The order is part of the weights.
"""

import re

from .characters import CHARACTERS

KEYS = (
    "merchant_name merchant_address date bic currency items description quantity unit_price amount subtotal tax total "
    "payment_reference invoice_number issue_date due_date seller_name seller_vat_id seller_address buyer_name buyer_vat_id "
    "line_items line_total net_total tax_total gross_total iban app_name kind status counterparty reference"
).split()
PROMPTS = {
    "receipt": "Read the receipt.",
    "invoice": "Read the invoice.",
    "screenshot": "Read the screenshot.",
    "text": "Transcribe.",
}
MAX_TILE_NUMBER = 9
SPACE = "\u2581"

_PUNCTUATION = ["null", '":"', '{"', '"},{"', '"}', "}", "{", "[", "]", '",']
_PIECES_OF_PROMPTS = ["USER: ", "\nASSISTANT: ", *PROMPTS.values()]
_TILE_NUMBERS = [f"<t{n}>" for n in range(1, MAX_TILE_NUMBER + 1)]
_USER_DEFINED = [f'"{key}":' for key in KEYS] + _PUNCTUATION + _PIECES_OF_PROMPTS + _TILE_NUMBERS

# Kinds of tokens, as GGUF numbers them.
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6

BOS, EOS = 1, 2
FIRST_BYTE = 3


def _pieces() -> list[tuple[str, int]]:
    pieces = [("<unk>", UNKNOWN), ("<s>", CONTROL), ("</s>", CONTROL)]
    pieces += [(f"<0x{byte:02X}>", BYTE) for byte in range(256)]
    pieces += [(character, NORMAL) for character in [SPACE, *CHARACTERS]]
    known = {piece for piece, _ in pieces}
    pieces += [(piece, USER_DEFINED) for piece in _USER_DEFINED if piece not in known]
    return pieces


PIECES, KINDS = map(list, zip(*_pieces()))
ID = {piece: number for number, piece in enumerate(PIECES)}

# llama.cpp cuts user-defined tokens out first, longest first; what is left is
# single characters, or bytes where a character is unknown.
_longest_first = sorted((piece for piece in _USER_DEFINED if len(piece) > 1), key=len, reverse=True)
_CUT = re.compile("|".join(map(re.escape, _longest_first)) + "|.", re.S)
_TOKEN = {piece: [ID[piece]] for piece in _longest_first}
_TOKEN |= {c: [ID[c]] for c in CHARACTERS if c not in _TOKEN}
_TOKEN[" "] = [ID[SPACE]]


def encode(text: str) -> list[int]:
    tokens: list[int] = []
    for piece in _CUT.findall(text):
        tokens += _TOKEN.get(piece) or [FIRST_BYTE + byte for byte in piece.encode()]
    return tokens


def decode(tokens: list[int]) -> str:
    return "".join(PIECES[token] for token in tokens).replace(SPACE, " ")


def tile_token(number: int) -> int:
    """The token that stands before tile `number`, counted from 1."""
    return ID[f"<t{number}>"]
