#!/usr/bin/env python3
"""Writes mmproj.gguf, image.rgb and features.f32: a tiny random image projector
of the LLaVA-1.5 kind and what PyTorch makes of an image with it.

    pip install torch transformers numpy gguf
    python3 tests/golden/llava/make.py

The tower is the CLIPVisionModel of Hugging Face's transformers, of 4 layers, of
which a converter stores 3: the projector takes `hidden_states[-2]` without the
class token (`vision_feature_layer = -2`, `vision_feature_select_strategy =
"default"`), two linear layers with a GELU (`mlp2x_gelu`) make the features. They
are 256 numbers a patch, so that the default text model (models/text.gguf) takes
them.
"""
from pathlib import Path

import gguf
import numpy as np
import torch
from transformers import CLIPVisionConfig, CLIPVisionModel

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


def name_in_transformers(name):
    for ours, theirs in {
        "v.class_embd": "embeddings.class_embedding", "v.patch_embd": "embeddings.patch_embedding",
        "v.position_embd": "embeddings.position_embedding", "v.pre_ln": "pre_layrnorm", "v.blk": "encoder.layers",
        "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
        "attn_out": "self_attn.out_proj", "ffn_up": "mlp.fc1", "ffn_down": "mlp.fc2", "ln1": "layer_norm1", "ln2": "layer_norm2",
    }.items():
        name = name.replace(ours, theirs)
    return name


def models(tensors):
    """The tower and the projector, with these weights."""
    config = CLIPVisionConfig(
        hidden_size=WIDTH, intermediate_size=HIDDEN, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
        image_size=SIDE, patch_size=PATCH, hidden_act="quick_gelu", layer_norm_eps=EPS)
    vision = CLIPVisionModel(config).eval()
    weights = {name_in_transformers(n): torch.from_numpy(t) for n, t in tensors.items() if n.startswith("v.")}
    prefix = next(iter(vision.state_dict())).partition("embeddings")[0]
    loaded = vision.load_state_dict({prefix + name: weight for name, weight in weights.items()}, strict=False)
    # After the last layer, which the projector does not see.
    assert not loaded.unexpected_keys and all("post_layernorm" in key for key in loaded.missing_keys), loaded
    projector = torch.nn.Sequential(torch.nn.Linear(WIDTH, HIDDEN), torch.nn.GELU(), torch.nn.Linear(HIDDEN, OUT))
    projector.load_state_dict({n.removeprefix("mm."): torch.from_numpy(t) for n, t in tensors.items() if n.startswith("mm.")})
    return vision, projector


@torch.no_grad()
def features(vision, projector, image):
    pixels = torch.from_numpy((image.astype(np.float32) / 255 - MEAN) / STD).permute(2, 0, 1)[None]
    seen = vision(pixels, output_hidden_states=True).hidden_states[-2]
    return projector(seen[0, 1:]).numpy()


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
features(*models(tensors), image).astype("<f4").tofile(HERE / "features.f32")
