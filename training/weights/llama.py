"""The exported files in a prebuilt llama.cpp (`xllamacpp`): its server on a
free local port, asked with a page's tiles."""

import base64
import io
import json
import urllib.request
from pathlib import Path

import numpy as np
from PIL import Image

from .vocabulary import PROMPTS


class Llama:
    def __init__(self, folder: Path, context: int = 4608, threads: int = 2, exact: bool = False):
        """`exact` keeps keys and values in f32, to compare numbers."""
        import xllamacpp

        p = xllamacpp.CommonParams()
        p.model.path, p.mmproj.path = str(folder / "text.gguf"), str(folder / "mmproj.gguf")
        p.n_ctx, p.n_parallel, p.n_batch, p.n_ubatch = context, 1, 2048, 1024
        p.cpuparams.n_threads = p.cpuparams_batch.n_threads = threads
        if exact:
            p.cache_type_k = p.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
            p.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
        p.port, p.hostnames = 0, ["127.0.0.1"]
        self._server = xllamacpp.Server(p)
        address = self._server.listening_address
        self._url = address if address.startswith("http") else f"http://{address}"
        self._marker = self._get("/props").get("media_marker", "<__media__>")

    def _get(self, path: str, body: dict | None = None) -> dict:
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self._url + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

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
        return self._get("/completion", body)


def _png(tile: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(tile.transpose(1, 2, 0))).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()
