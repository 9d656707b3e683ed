"""What PyTorch computes of the shipped weights, as small JSON: the program's
own tests compare candle and llama.cpp with it, without PyTorch.

Computed from the shipped files, so that the export is tested too.
"""

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from . import clip_model, clip_pages, look_model, tiles
from .models import Reader, pixels
from .page import Characters
from .vocabulary import BOS, PROMPTS, encode, tile_token

CLIP_IMAGES = ["receipt/uk_grocer/input.png", "invoice/gb_cleaning/input.png", "screenshot/payment_cafe/input.png"]
CLIP_TEXTS = ["a scanned shop receipt", "a commercial invoice with quantities and unit prices", "a blank page"]
QUERIES = ["blue letterhead with a stamp", "Kassenbon", "GRÜNER Stempel, unscharf", "Weber 384,37"]
READER_PAGE = ("screenshot", "screenshot/payment_cafe/input.png")
_STEPS = 12
_NOTHING = Characters(np.zeros(0, np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))


def write(models: Path, fixtures: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (("clip.json", _clip(models / "clip", fixtures)), ("reader.json", _reader(models, fixtures))):
        (folder / name).write_text(json.dumps(content) + "\n")


def _rounded(tensor: torch.Tensor) -> list:
    return [[round(value, 5) for value in row] for row in tensor.tolist()]


def _clip(clip: Path, fixtures: Path) -> dict:
    model, tokenizer = clip_model.load(clip)
    model.eval()
    images = np.stack([clip_pages.as_seen(Image.open(fixtures / name)) for name in CLIP_IMAGES])
    with torch.no_grad():
        seen = model.image_features(clip_model.pixels(torch.from_numpy(images)))
        read = model.text_features(clip_model.pad([tokenizer.encode(text).ids for text in CLIP_TEXTS]))
    tower, words = look_model.load(clip / "search")
    with torch.no_grad():
        asked = tower.eval()(look_model.tokens(words, QUERIES))
    return {"images": dict(zip(CLIP_IMAGES, _rounded(seen))), "texts": dict(zip(CLIP_TEXTS, _rounded(read))), "queries": dict(zip(QUERIES, _rounded(asked)))}


def _reader(models: Path, fixtures: Path) -> dict:
    reader = from_gguf(models)
    kind, name = READER_PAGE
    gray = np.asarray(Image.open(fixtures / name).convert("RGB").convert("L"))
    sheet = tiles.sheet(gray, _NOTHING, tiles.COLUMNS[kind])
    with torch.no_grad():
        seen = reader.projector(reader.vision(pixels(torch.from_numpy(sheet.tiles))))
        embed = lambda tokens: reader.text.emb(torch.tensor(tokens))
        parts = [embed([BOS, *encode("USER: ")])]
        for number, patches in enumerate(seen):
            parts += [embed([tile_token(number + 1)]), patches]
        parts.append(embed(encode(PROMPTS[kind] + "\nASSISTANT: ")))
        steps = []
        for _ in range(_STEPS):
            logits = reader.text(torch.cat(parts)[None], last=1)[0, 0]
            best = logits.topk(6)
            steps.append({"tokens": best.indices.tolist(), "logits": [round(value, 4) for value in best.values.tolist()]})
            parts.append(embed(best.indices[:1].tolist()))
    # The likeliest token of each step is what the next step follows.
    return {"kind": kind, "page": name, "tiles": len(sheet.tiles), "steps": steps}


def from_gguf(folder: Path) -> Reader:
    """The reader as the exported files hold it, their rounding included."""
    from gguf import GGUFReader
    from gguf.quants import dequantize

    def tensors(path: Path) -> dict[str, torch.Tensor]:
        read = {}
        for t in GGUFReader(path).tensors:
            shape = [int(n) for n in reversed(t.shape)]
            read[t.name] = torch.from_numpy(dequantize(t.data, t.tensor_type).astype(np.float32)).reshape(shape)
        return read

    reader, text, image = Reader(), tensors(folder / "text.gguf"), tensors(folder / "mmproj.gguf")
    state = {"emb.weight": text["token_embd.weight"], "norm.w": text["output_norm.weight"]}
    for i in range(len(reader.text.layers)):
        for mine, theirs in (("q", "attn_q"), ("k", "attn_k"), ("v", "attn_v"), ("o", "attn_output"), ("gate", "ffn_gate"), ("up", "ffn_up"), ("down", "ffn_down")):
            state[f"layers.{i}.{mine}.weight"] = text[f"blk.{i}.{theirs}.weight"]
        state[f"layers.{i}.n1.w"], state[f"layers.{i}.n2.w"] = text[f"blk.{i}.attn_norm.weight"], text[f"blk.{i}.ffn_norm.weight"]
    reader.text.load_state_dict(state)
    width, grid = reader.vision.width, tiles.GRID
    state = {"patch.weight": image["v.patch_embd.weight"].reshape(width, -1), "pos": image["v.position_embd.weight"].reshape(grid, grid, width)}
    state |= {"pre.weight": image["v.pre_ln.weight"], "pre.bias": image["v.pre_ln.bias"]}
    for i in range(len(reader.vision.blocks)):
        for part in ("weight", "bias"):
            state[f"blocks.{i}.qkv.{part}"] = torch.cat([image[f"v.blk.{i}.{name}.{part}"] for name in ("attn_q", "attn_k", "attn_v")])
            for mine, theirs in (("out", "attn_out"), ("up", "ffn_up"), ("down", "ffn_down"), ("ln1", "ln1"), ("ln2", "ln2")):
                state[f"blocks.{i}.{mine}.{part}"] = image[f"v.blk.{i}.{theirs}.{part}"]
    reader.vision.load_state_dict(state)
    reader.projector.load_state_dict({f"{mine}.{part}": image[f"mm.{number}.{part}"] for mine, number in (("a", 0), ("b", 2)) for part in ("weight", "bias")})
    return reader.eval()
