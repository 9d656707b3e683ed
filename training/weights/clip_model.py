"""The router's CLIP: Hugging Face's `CLIPModel`, small. Modules have its names,
so that a state is a `model.safetensors`."""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from .clip_pages import SIDE

VISION = dict(width=192, layers=4, heads=3, hidden=768, patch=28)
TEXT = dict(width=128, layers=3, heads=4, hidden=512, places=32)
PROJECTION = 128
# OpenAI's values, so that every CLIP processor prepares an image alike.
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def _quick_gelu(x):
    return x * torch.sigmoid(1.702 * x)


class _Layer(nn.Module):
    def __init__(self, width: int, heads: int, hidden: int):
        super().__init__()
        self.heads = heads
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.self_attn = nn.ModuleDict({name: nn.Linear(width, width) for name in ("q_proj", "k_proj", "v_proj", "out_proj")})
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, hidden), "fc2": nn.Linear(hidden, width)})

    def forward(self, x, causal: bool):
        batch, length, width = x.shape
        y = self.layer_norm1(x)
        split = lambda name: self.self_attn[name](y).view(batch, length, self.heads, width // self.heads).transpose(1, 2)
        mixed = F.scaled_dot_product_attention(split("q_proj"), split("k_proj"), split("v_proj"), is_causal=causal)
        x = x + self.self_attn["out_proj"](mixed.transpose(1, 2).reshape(batch, length, width))
        return x + self.mlp["fc2"](_quick_gelu(self.mlp["fc1"](self.layer_norm2(x))))


class _Encoder(nn.Module):
    def __init__(self, width: int, layers: int, heads: int, hidden: int):
        super().__init__()
        self.layers = nn.ModuleList(_Layer(width, heads, hidden) for _ in range(layers))

    def forward(self, x, causal: bool = False):
        for layer in self.layers:
            x = layer(x, causal)
        return x


class _VisionModel(nn.Module):
    def __init__(self, width: int, layers: int, heads: int, hidden: int, patch: int):
        super().__init__()
        self.embeddings = nn.Module()
        self.embeddings.class_embedding = nn.Parameter(torch.randn(width) * 0.02)
        self.embeddings.patch_embedding = nn.Conv2d(3, width, patch, patch, bias=False)
        self.embeddings.position_embedding = nn.Embedding((SIDE // patch) ** 2 + 1, width)
        nn.init.normal_(self.embeddings.position_embedding.weight, std=0.02)
        self.pre_layrnorm = nn.LayerNorm(width)  # spelt so by Hugging Face
        self.encoder = _Encoder(width, layers, heads, hidden)
        self.post_layernorm = nn.LayerNorm(width)

    def forward(self, pixels):
        parts = self.embeddings
        x = parts.patch_embedding(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([parts.class_embedding.to(x.dtype).expand(len(x), 1, -1), x], 1) + parts.position_embedding.weight
        return self.post_layernorm(self.encoder(self.pre_layrnorm(x))[:, 0])


class _TextModel(nn.Module):
    def __init__(self, vocabulary: int, width: int, layers: int, heads: int, hidden: int, places: int):
        super().__init__()
        self.embeddings = nn.Module()
        self.embeddings.token_embedding = nn.Embedding(vocabulary, width)
        self.embeddings.position_embedding = nn.Embedding(places, width)
        for embedding in (self.embeddings.token_embedding, self.embeddings.position_embedding):
            nn.init.normal_(embedding.weight, std=0.02)
        self.encoder = _Encoder(width, layers, heads, hidden)
        self.final_layer_norm = nn.LayerNorm(width)

    def forward(self, tokens):
        x = self.embeddings.token_embedding(tokens) + self.embeddings.position_embedding.weight[: tokens.shape[1]]
        x = self.final_layer_norm(self.encoder(x, causal=True))
        # The end token has the highest number.
        return x[torch.arange(len(x), device=x.device), tokens.argmax(-1)]


class Clip(nn.Module):
    def __init__(self, vocabulary: int):
        super().__init__()
        self.vision_model, self.text_model = _VisionModel(**VISION), _TextModel(vocabulary, **TEXT)
        self.visual_projection = nn.Linear(VISION["width"], PROJECTION, bias=False)
        self.text_projection = nn.Linear(TEXT["width"], PROJECTION, bias=False)
        self.logit_scale = nn.Parameter(torch.tensor(2.6592))

    def image_features(self, pixels):
        return F.normalize(self.visual_projection(self.vision_model(pixels)).float(), dim=-1)

    def text_features(self, tokens):
        return F.normalize(self.text_projection(self.text_model(tokens)).float(), dim=-1)


def pixels(images: torch.Tensor) -> torch.Tensor:
    """n x SIDE x SIDE x 3 bytes as the model takes them."""
    mean, std = (torch.tensor(v, device=images.device).view(1, 3, 1, 1) for v in (MEAN, STD))
    return (images.permute(0, 3, 1, 2).float() / 255 - mean) / std


def pad(rows: list[list[int]]) -> torch.Tensor:
    longest = max(map(len, rows))
    return torch.tensor([row + [0] * (longest - len(row)) for row in rows])


def load(folder: Path) -> tuple:
    """The model and its tokenizer."""
    from safetensors.torch import load_file
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    model = Clip(tokenizer.get_vocab_size())
    model.load_state_dict({name: value.float() for name, value in load_file(folder / "model.safetensors").items()})
    return model, tokenizer


def mean(folders: list[Path]) -> tuple:
    """The mean of the weights of several points of one training, and their
    tokenizer (stochastic weight averaging, Izmailov et al., 2018)."""
    models, tokenizers = zip(*map(load, folders))
    states = [model.state_dict() for model in models]
    models[0].load_state_dict({name: sum(state[name] for state in states) / len(states) for name in states[0]})
    return models[0], tokenizers[0]


def save(folder: Path, model: Clip, tokenizer) -> None:
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    state = {name: value.half().contiguous() for name, value in model.state_dict().items()}
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    tokenizer.save(str(folder / "tokenizer.json"))
    common = dict(hidden_act="quick_gelu", layer_norm_eps=1e-5, projection_dim=PROJECTION)
    tower = lambda sizes: dict(hidden_size=sizes["width"], intermediate_size=sizes["hidden"], num_hidden_layers=sizes["layers"], num_attention_heads=sizes["heads"], **common)
    config = {
        "architectures": ["CLIPModel"],
        "model_type": "clip",
        "projection_dim": PROJECTION,
        "logit_scale_init_value": 2.6592,
        "text_config": {
            **tower(TEXT),
            "vocab_size": tokenizer.get_vocab_size(),
            "max_position_embeddings": TEXT["places"],
            "bos_token_id": tokenizer.token_to_id("<|startoftext|>"),
            "eos_token_id": tokenizer.token_to_id("<|endoftext|>"),
        },
        "vision_config": {**tower(VISION), "image_size": SIDE, "patch_size": VISION["patch"], "num_channels": 3},
    }
    processor = {"image_mean": list(MEAN), "image_std": list(STD), "size": {"shortest_edge": SIDE}, "do_center_crop": False, "resample": 3}
    for name, content in (("config.json", config), ("preprocessor_config.json", processor)):
        (folder / name).write_text(json.dumps(content, indent=1) + "\n")
