"""Checkpoints: written atomically, loaded onto any device."""

import os
from pathlib import Path

import torch

from . import golden
from .models import Reader

# Names of the parts in checkpoints of the first version.
_PROTOTYPE = {"v": "vision", "lm": "text", "pj": "projector", "dense": "head", "sym": "symbolic"}


def save(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(path.suffix + ".new")
    torch.save(content, fresh)
    os.replace(fresh, path)


def load(path: Path) -> dict:
    return torch.load(path, map_location="cpu", weights_only=True)


def load_reader(reader: Reader, path: Path) -> dict:
    """Fills `reader` and returns what else the file holds. Parts that the file
    lacks stay as they are: an early stage knows only its own. A folder is read
    as exported files, which hold all but what only training needs."""
    if path.is_dir():
        exported = golden.from_gguf(path)
        for name in ("vision", "projector", "text"):
            getattr(reader, name).load_state_dict(getattr(exported, name).state_dict())
        return {}
    content = load(path)
    if "v" in content:
        parts = {_PROTOTYPE[short]: state for short, state in content.items() if short in _PROTOTYPE}
        content = {}
    else:
        parts = content.pop("parts")
    for name, state in parts.items():
        getattr(reader, name).load_state_dict({key: value.float() for key, value in state.items()})
    return content


def parts(reader: Reader, half: bool = False) -> dict:
    states = {name: getattr(reader, name).state_dict() for name in _PROTOTYPE.values()}
    if half:
        states = {name: {key: value.half() for key, value in state.items()} for name, state in states.items()}
    return states
