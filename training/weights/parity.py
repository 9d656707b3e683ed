"""Whether llama.cpp computes what PyTorch does, on the same page.

llama.cpp's server reports log-probabilities, which are logits less a constant;
both sides are compared after that.
"""

import torch

from .examples import Example
from .llama import Llama
from .models import Reader, pixels
from .vocabulary import BOS, encode, tile_token


def log_probabilities(reader: Reader, e: Example, answer: list[int]) -> torch.Tensor:
    """Of each token of `answer` and of the one after it, in float32."""
    reader.eval()
    with torch.no_grad():
        seen = reader.projector(reader.vision(pixels(torch.from_numpy(e.tiles))))
        embed = lambda tokens: reader.text.emb(torch.tensor(tokens))
        parts = [embed([BOS, *encode("USER: ")])]
        for number, patches in enumerate(seen):
            parts += [embed([tile_token(number + 1)]), patches]
        parts.append(embed(e.question + answer))
        return reader.text(torch.cat(parts)[None], last=len(answer) + 1)[0].log_softmax(-1)


def differences(reader: Reader, llama: Llama, e: Example, tokens: int = 24, top: int = 20) -> list[float]:
    """Largest difference over the likeliest tokens, at each token that
    llama.cpp writes. PyTorch is given the same tokens: text alone would be
    cut into other tokens than the model writes."""
    written = llama.ask(e.tiles, e.kind, tokens, probabilities=top)["completion_probabilities"]
    mine = log_probabilities(reader, e, [step["id"] for step in written[:-1]])
    worst = lambda step, row: max(abs(row[token["id"]].item() - token["logprob"]) for token in step["top_logprobs"])
    return [worst(step, row) for step, row in zip(written, mine)]
