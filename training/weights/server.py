"""A prebuilt llama.cpp (`xllamacpp`) that serves on a free local port."""

import json
import urllib.request


class Server:
    def __init__(self, p, threads: int, exact: bool):
        """`p`: xllamacpp's `CommonParams` with the model. `exact`: keys and values in f32 and
        attention without rounding inside, to compare numbers."""
        import xllamacpp

        p.cpuparams.n_threads = p.cpuparams_batch.n_threads = threads
        if exact:
            p.cache_type_k = p.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
            p.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
        p.port, p.hostnames = 0, ["127.0.0.1"]
        self._server = xllamacpp.Server(p)
        address = self._server.listening_address
        self._url = address if address.startswith("http") else f"http://{address}"

    def request(self, path: str, body: dict | None = None) -> dict:
        """A POST with `body`, otherwise a GET."""
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self._url + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
