#!/usr/bin/env python3
"""Writes mmproj.gguf, image.rgb and features.f32: a tiny random image projector
of the LLaVA-1.5 kind and what it makes of an image by its definition.

    pip install numpy gguf
    python3 tests/golden/llava/make.py

The tower is CLIP's ViT as transformers defines it (class token first, pre-norm,
QuickGELU), of 4 layers, of which a converter stores 3: the projector takes
`hidden_states[-2]` without the class token (`vision_feature_layer = -2`,
`vision_feature_select_strategy = "default"`). It ends in 256 numbers, so that the
default text model (models/text.gguf) takes it.
"""
from pathlib import Path

import gguf
import numpy as np

HERE = Path(__file__).resolve().parent
SIDE, PATCH, WIDTH, HEADS, HIDDEN, LAYERS, OUT = 56, 14, 32, 2, 64, 4, 256
STORED = LAYERS - 1
PATCHES = (SIDE // PATCH) ** 2
EPS = 1e-5
MEAN, STD = np.array([0.48, 0.46, 0.41], np.float32), np.array([0.27, 0.26, 0.28], np.float32)
rng = np.random.default_rng(7)


def weight(*shape, scale=None):
    scale = scale or 1.2 / np.sqrt(shape[-1])
    return (rng.standard_normal(shape) * scale).astype(np.float32)


def tower():
    tensors = {
        "v.class_embd": weight(WIDTH, scale=1.0),
        "v.patch_embd.weight": weight(WIDTH, 3, PATCH, PATCH, scale=0.05),
        "v.position_embd.weight": weight(PATCHES + 1, WIDTH, scale=1.0),
        "v.pre_ln.weight": 1 + weight(WIDTH, scale=0.1),
        "v.pre_ln.bias": weight(WIDTH, scale=0.1),
        "mm.0.weight": weight(HIDDEN, WIDTH), "mm.0.bias": weight(HIDDEN, scale=0.1),
        "mm.2.weight": weight(OUT, HIDDEN), "mm.2.bias": weight(OUT, scale=0.1),
    }
    for layer in range(LAYERS):
        blk = f"v.blk.{layer}."
        for name in ["attn_q", "attn_k", "attn_v", "attn_out"]:
            tensors[blk + name + ".weight"] = weight(WIDTH, WIDTH)
            tensors[blk + name + ".bias"] = weight(WIDTH, scale=0.1)
        tensors[blk + "ffn_up.weight"], tensors[blk + "ffn_up.bias"] = weight(HIDDEN, WIDTH), weight(HIDDEN, scale=0.1)
        tensors[blk + "ffn_down.weight"], tensors[blk + "ffn_down.bias"] = weight(WIDTH, HIDDEN), weight(WIDTH, scale=0.1)
        for name in ["ln1", "ln2"]:
            tensors[blk + name + ".weight"], tensors[blk + name + ".bias"] = 1 + weight(WIDTH, scale=0.1), weight(WIDTH, scale=0.1)
    # As stored: matrices of layers and projector in half precision.
    for name, tensor in tensors.items():
        if tensor.ndim == 2 and "position" not in name:
            tensors[name] = tensor.astype(np.float16).astype(np.float32)
    return tensors


def norm(x, t, name):
    x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + EPS)
    return x * t[name + ".weight"] + t[name + ".bias"]


def linear(x, t, name):
    return x @ t[name + ".weight"].T + t[name + ".bias"]


def features(t, image):
    x = (image.astype(np.float32) / 255 - MEAN) / STD
    n = SIDE // PATCH
    patches = x.reshape(n, PATCH, n, PATCH, 3).transpose(0, 2, 4, 1, 3).reshape(PATCHES, -1)
    x = patches @ t["v.patch_embd.weight"].reshape(WIDTH, -1).T
    x = np.concatenate([t["v.class_embd"][None], x]) + t["v.position_embd.weight"]
    x = norm(x, t, "v.pre_ln")
    for layer in range(LAYERS - 1):  # hidden_states[-2]
        blk = f"v.blk.{layer}."
        h = norm(x, t, blk + "ln1")
        q, k, v = (linear(h, t, blk + "attn_" + c).reshape(-1, HEADS, WIDTH // HEADS).transpose(1, 0, 2) for c in "qkv")
        scores = q @ k.transpose(0, 2, 1) / np.sqrt(WIDTH // HEADS)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        h = (scores / scores.sum(-1, keepdims=True)) @ v
        x = x + linear(h.transpose(1, 0, 2).reshape(-1, WIDTH), t, blk + "attn_out")
        h = linear(norm(x, t, blk + "ln2"), t, blk + "ffn_up")
        x = x + linear(h / (1 + np.exp(-1.702 * h)), t, blk + "ffn_down")
    x = linear(x[1:], t, "mm.0")
    x = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    return linear(x, t, "mm.2").astype(np.float32)


def save(tensors):
    out = gguf.GGUFWriter(HERE / "mmproj.gguf", "clip")
    out.add_bool("clip.has_vision_encoder", True)
    out.add_bool("clip.has_llava_projector", True)
    out.add_string("clip.projector_type", "mlp")
    out.add_bool("clip.use_gelu", False)
    for key, number in {
        "image_size": SIDE, "patch_size": PATCH, "embedding_length": WIDTH, "feed_forward_length": HIDDEN,
        "projection_dim": OUT, "block_count": STORED, "attention.head_count": HEADS,
    }.items():
        out.add_uint32("clip.vision." + key, number)
    out.add_float32("clip.vision.attention.layer_norm_epsilon", EPS)
    out.add_array("clip.vision.image_mean", MEAN.tolist())
    out.add_array("clip.vision.image_std", STD.tolist())
    for name, tensor in tensors.items():
        if f"v.blk.{STORED}." in name:
            continue
        half = tensor.ndim == 2 and "position" not in name
        out.add_tensor(name, tensor.astype(np.float16) if half else tensor)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


tensors = tower()
image = rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
save(tensors)
image.tofile(HERE / "image.rgb")
features(tensors, image).astype("<f4").tofile(HERE / "features.f32")
