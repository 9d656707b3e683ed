"""The text tower of searches: a second, smaller text tower for the router's CLIP, in the form of
Hugging Face's `CLIPTextModelWithProjection`.

The router's own text tower stays as it is, since routing and its margin follow from it.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from . import look_words
from .clip_model import PROJECTION, _TextModel, pad

SIZES = dict(width=64, layers=1, heads=4, hidden=256, places=32)
VOCABULARY = 512


class SearchText(nn.Module):
    def __init__(self, vocabulary: int, sizes: dict = SIZES):
        super().__init__()
        self.text_model = _TextModel(vocabulary, **sizes)
        self.text_projection = nn.Linear(sizes["width"], PROJECTION, bias=False)

    def forward(self, tokens):
        return F.normalize(self.text_projection(self.text_model(tokens)).float(), dim=-1)


def make_tokenizer(captions):
    """Byte-pair pieces over lower case letters without accents, so that `für` and `fur` are one word."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE(unk_token=None, end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), normalizers.Replace("ß", "ss"), normalizers.NFD(), normalizers.StripAccents()])
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[a-z]+|[0-9]|[^\sa-z0-9]+"), behavior="removed", invert=True)
    alphabet = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY - 2, initial_alphabet=alphabet, limit_alphabet=len(alphabet), end_of_word_suffix="</w>", special_tokens=[], show_progress=False)
    tokenizer.train_from_iterator(captions, trainer)
    tokenizer.add_special_tokens(["<|startoftext|>", "<|endoftext|>"])
    start, end = tokenizer.token_to_id("<|startoftext|>"), tokenizer.token_to_id("<|endoftext|>")
    assert end == tokenizer.get_vocab_size() - 1, "the text is pooled at the highest number"
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|startoftext|> $A <|endoftext|>", special_tokens=[("<|startoftext|>", start), ("<|endoftext|>", end)]
    )
    tokenizer.enable_truncation(SIZES["places"])
    return tokenizer


def tokens(tokenizer, texts: list[str]) -> torch.Tensor:
    return pad([encoding.ids for encoding in tokenizer.encode_batch(texts)])


def save(folder: Path, model: SearchText, tokenizer) -> None:
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: value.half().contiguous() for name, value in model.state_dict().items()}, folder / "model.safetensors", metadata={"format": "pt"})
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    config = {
        "architectures": ["CLIPTextModelWithProjection"],
        "model_type": "clip_text_model",
        "hidden_size": SIZES["width"],
        "intermediate_size": SIZES["hidden"],
        "num_hidden_layers": SIZES["layers"],
        "num_attention_heads": SIZES["heads"],
        "hidden_act": "quick_gelu",
        "layer_norm_eps": 1e-5,
        "projection_dim": PROJECTION,
        "vocab_size": tokenizer.get_vocab_size(),
        "max_position_embeddings": SIZES["places"],
    }
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")


def load(folder: Path) -> tuple:
    from safetensors.torch import load_file
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    model = SearchText(tokenizer.get_vocab_size())
    model.load_state_dict({name: value.float() for name, value in load_file(folder / "model.safetensors").items()})
    return model, tokenizer


def words_for_tokens(r, count: int = 4000) -> list[str]:
    """What the tokenizer learns its pieces from: every phrase that training uses, and other texts."""
    phrases = [way for table in (look_words.KINDS, look_words.STATES, look_words.SHOWN) for ways in table.values() for of_language in ways.values() for way in (of_language[:-1] if len(of_language) > 2 else of_language)]
    return phrases * 8 + [look_words.other_text(r) for _ in range(count)]
