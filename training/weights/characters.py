"""The characters that the models can see one by one and write as one token.

The order is part of the weights: a new character may only be appended, and
then both the character head and the vocabulary grow.
"""

CHARACTERS = [chr(code) for code in range(33, 127)] + list("£€°éèüöäßñçÉÜÖÄàâêîôûØøÅåæ·–")
# 0 is "nothing here".
INDEX = {character: number + 1 for number, character in enumerate(CHARACTERS)}
CLASSES = len(CHARACTERS) + 1

WRITABLE = frozenset(CHARACTERS) | {" "}
# What JSON would have to escape: the answers have no escapes.
UNWRITABLE_IN_JSON = frozenset('"\\')


def is_writable(text: str) -> bool:
    return all(c in WRITABLE and c not in UNWRITABLE_IN_JSON for c in text)


def writable(text: str) -> str:
    """`text` without what an answer cannot hold."""
    return "".join(c for c in text if c in WRITABLE and c not in UNWRITABLE_IN_JSON)
