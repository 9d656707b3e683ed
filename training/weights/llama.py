"""The exported files in a prebuilt llama.cpp, asked with a page's tiles."""

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from .server import Server
from .vocabulary import PROMPTS


class Llama(Server):
    def __init__(self, folder: Path, context: int = 4608, threads: int = 2, exact: bool = False):
        import xllamacpp

        p = xllamacpp.CommonParams()
        p.model.path, p.mmproj.path = str(folder / "text.gguf"), str(folder / "mmproj.gguf")
        p.n_ctx, p.n_parallel, p.n_batch, p.n_ubatch = context, 1, 2048, 1024
        super().__init__(p, threads, exact)
        self._marker = self.request("/props").get("media_marker", "<__media__>")

    def ask(self, tiles: np.ndarray, kind: str, tokens: int = 1100, probabilities: int = 0) -> dict:
        """Reads a page greedily."""
        prompt = "USER: " + "".join(f"<t{n + 1}>{self._marker}" for n in range(len(tiles)))
        prompt += f"{PROMPTS[kind]}\nASSISTANT: "
        body = {
            "prompt": {"prompt_string": prompt, "multimodal_data": [_png(tile) for tile in tiles]},
            "n_predict": tokens, "temperature": 0, "cache_prompt": False, "samplers": ["top_k"], "top_k": 1,
        }
        if probabilities:
            body |= {"n_probs": probabilities, "post_sampling_probs": False}
        return self.request("/completion", body)


def _png(tile: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(tile.transpose(1, 2, 0))).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()
