"""SmolLM2 out of its GGUF, in PyTorch: frozen weights in bfloat16 with a
low-rank adapter (LoRA) on every projection.

Computes as llama.cpp's `llama` architecture: RMS norms, interleaved rotary
embedding, grouped-query attention, SwiGLU, tied output embedding. Tensors keep
their GGUF names.
"""

import math
from pathlib import Path

import gguf
import numpy as np
import torch
from gguf.quants import dequantize
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from torch import nn
from torch.nn import functional as F

PROJECTIONS = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
RANK = 32  # of the reader; an adapter may have another
SCALE = 2.0  # of what an adapter adds: LoRA's alpha over its rank
_STRETCH = 192  # queries at a time


class Base:
    """A GGUF's metadata, vocabulary and tensors."""

    def __init__(self, path: Path):
        self.path = path
        self.reader = gguf.GGUFReader(str(path))
        self.pieces: list[str] = self.value("tokenizer.ggml.tokens")
        self.numbers = {piece: number for number, piece in enumerate(self.pieces)}

    def value(self, key: str):
        return self.reader.fields[key].contents()

    def tensors(self) -> dict[str, torch.Tensor]:
        """Dequantised, in float32."""
        result = {}
        for tensor in self.reader.tensors:
            shape = [int(size) for size in reversed(tensor.shape)]
            result[tensor.name] = torch.from_numpy(np.array(dequantize(tensor.data, tensor.tensor_type))).reshape(shape)
        return result

    def tokenizer(self) -> "PageTokenizer":
        return PageTokenizer(self)


class PageTokenizer:
    """Cuts text as llama.cpp does with `tokenizer.ggml.pre` = `smollm`: digits
    one by one, then GPT-2's expression."""

    def __init__(self, base: Base):
        if base.value("tokenizer.ggml.pre") != "smollm":
            raise ValueError(f"{base.path}: tokenizer.ggml.pre is {base.value('tokenizer.ggml.pre')}, not smollm")
        merges = [tuple(merge.split(" ")) for merge in base.value("tokenizer.ggml.merges")]
        self._tokenizer = Tokenizer(models.BPE(vocab=base.numbers, merges=merges))
        self._tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Split(Regex(r"\p{N}"), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]
        )
        self._tokenizer.decoder = decoders.ByteLevel()
        self.start, self.end = base.numbers["<|im_start|>"], base.numbers["<|im_end|>"]

    def encode(self, text: str) -> list[int]:
        return self._tokenizer.encode(text, add_special_tokens=False).ids

    def decode(self, tokens: list[int]) -> str:
        return self._tokenizer.decode(tokens, skip_special_tokens=False)

    def question(self, page_text: str, question: str) -> list[int]:
        """The prompt of a question about a page. It begins with the same tokens
        for every question to one page."""
        return self.prompt("question", f"{page_text}\n\n{question}")

    def prompt(self, kind: str, page_text: str) -> list[int]:
        user, reply = self.encode(f"user\n{kind}\n{page_text}"), self.encode("assistant\n")
        return [self.start, *user, self.end, *self.encode("\n"), self.start, *reply]

    def answer(self, text: str) -> list[int]:
        return [*self.encode(text), self.end]


class Projection(nn.Module):
    """A frozen matrix and its adapter: W x + scale B A x."""

    def __init__(self, weight: torch.Tensor, rank: int):
        super().__init__()
        outputs, inputs = weight.shape
        self.register_buffer("weight", weight.to(torch.bfloat16), persistent=False)
        self.a = nn.Parameter(torch.randn(rank, inputs) / math.sqrt(inputs))
        self.b = nn.Parameter(torch.zeros(outputs, rank))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        low = F.linear(x, self.a.to(x.dtype))
        return torch.addmm(F.linear(x, self.weight), low, self.b.to(x.dtype).t(), alpha=SCALE)


class Layer(nn.Module):
    def __init__(self, tensors: dict[str, torch.Tensor], number: int, rank: int):
        super().__init__()
        for name in PROJECTIONS:
            setattr(self, name, Projection(tensors[f"blk.{number}.{name}.weight"], rank))
        for name in ("attn_norm", "ffn_norm"):
            self.register_buffer(name, tensors[f"blk.{number}.{name}.weight"].float(), persistent=False)


class SmolLM(nn.Module):
    """One sequence at a time: token numbers in, hidden states out."""

    def __init__(self, base: Base, rank: int = RANK):
        super().__init__()
        self.rank = rank
        value = lambda key: base.value(f"llama.{key}")
        self.heads, self.key_heads = value("attention.head_count"), value("attention.head_count_kv")
        self.width, self.epsilon = value("embedding_length"), value("attention.layer_norm_rms_epsilon")
        self.head = self.width // self.heads
        tensors = base.tensors()
        self.register_buffer("embedding", tensors["token_embd.weight"].to(torch.bfloat16), persistent=False)
        self.register_buffer("output_norm", tensors["output_norm.weight"].float(), persistent=False)
        self.layers = nn.ModuleList(Layer(tensors, number, rank) for number in range(value("block_count")))
        frequencies = value("rope.freq_base") ** (-torch.arange(0, self.head, 2).float() / self.head)
        self.register_buffer("frequencies", frequencies, persistent=False)

    def _norm(self, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        wide = x.float()
        return (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.epsilon) * weight).to(x.dtype)

    def _turns(self, places: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        angles = places.float()[:, None] * self.frequencies
        return angles.cos()[:, None], angles.sin()[:, None]

    def forward(self, x: torch.Tensor, cache: list | None = None, parts: list[int] | None = None) -> torch.Tensor:
        """`x`: embeddings, tokens x width. `cache`: keys and values by layer of
        what came before, which this call extends. `parts`: counts of tokens
        that make up `x`; each part follows the first one as if the others were
        not there."""
        count = len(x)
        turns = self._turns(_places(parts) if parts else torch.arange(count) + (len(cache[0][0]) if cache and cache[0] else 0))
        for number, layer in enumerate(self.layers):
            y = self._norm(x, layer.attn_norm)
            q = _rotated(layer.attn_q(y).view(count, self.heads, self.head), turns)
            k = _rotated(layer.attn_k(y).view(count, self.key_heads, self.head), turns)
            v = layer.attn_v(y).view(count, self.key_heads, self.head)
            if cache is not None:
                if cache[number] is not None:
                    k, v = torch.cat([cache[number][0], k]), torch.cat([cache[number][1], v])
                cache[number] = (k, v)
            x = x + layer.attn_output(self._attend_parts(q, k, v, parts) if parts else self._attend(q, k, v))
            y = self._norm(x, layer.ffn_norm)
            x = x + layer.ffn_down(F.silu(layer.ffn_gate(y)) * layer.ffn_up(y))
        return self._norm(x, self.output_norm)

    def _attend_parts(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, parts: list[int]) -> torch.Tensor:
        first, *others = zip(q.split(parts), k.split(parts), v.split(parts))
        mixed = [self._attend(*first)]
        for own, keys, values in others:
            mixed.append(self._stretch(own, torch.cat([first[1], keys]), torch.cat([first[2], values])))
        return torch.cat(mixed)

    def _attend(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        """Written out, a stretch of queries at a time with the keys that it
        sees: on a CPU, the backward pass of PyTorch's fused attention in
        bfloat16 takes a quarter of a step."""
        count, before = len(q), len(k) - len(q)
        stretches = []
        for start in range(0, count, _STRETCH):
            end = min(count, start + _STRETCH)
            stretches.append(self._stretch(q[start:end], k[: before + end], v[: before + end]))
        return torch.cat(stretches)

    def _stretch(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        count, seen, group = len(q), len(k), self.heads // self.key_heads
        q = q.view(count, self.key_heads, group, self.head).permute(1, 2, 0, 3).reshape(self.key_heads, group * count, self.head)
        scores = torch.bmm(q, k.permute(1, 2, 0)) * self.head**-0.5
        if count > 1:
            mask = torch.full((count, seen), float("-inf"), dtype=scores.dtype).triu(seen - count + 1)
            scores = (scores.view(self.key_heads, group, count, seen) + mask).view(self.key_heads, group * count, seen)
        mixed = torch.bmm(torch.softmax(scores, -1), v.transpose(0, 1))
        return mixed.view(self.key_heads, group, count, self.head).permute(2, 0, 1, 3).reshape(count, self.width)

    def embed(self, tokens: list[int]) -> torch.Tensor:
        return self.embedding[torch.tensor(tokens)]

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        return F.linear(hidden, self.embedding).float()


def _places(parts: list[int]) -> torch.Tensor:
    """Where each token stands: every part's places go on from the first's."""
    first, *others = parts
    return torch.cat([torch.arange(first), *(torch.arange(first, first + count) for count in others)])


def _rotated(x: torch.Tensor, turns: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    cos, sin = turns
    even, odd = x[..., 0::2].float(), x[..., 1::2].float()
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(-2).to(x.dtype)


@torch.no_grad()
def read(model: SmolLM, tokenizer: PageTokenizer, prompt: list[int], most: int = 900) -> list[int]:
    """Greedy answer, without its end."""
    cache: list = [None] * len(model.layers)
    hidden, answer = model(model.embed(prompt), cache)[-1:], []
    while len(answer) < most:
        token = int(model.logits(hidden).argmax())
        if token == tokenizer.end:
            break
        answer.append(token)
        hidden = model(model.embed([token]), cache)
    return answer
