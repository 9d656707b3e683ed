"""The reader in a prebuilt llama.cpp (`xllamacpp`): base model and adapter, or
the merged model, asked greedily without a grammar."""

from pathlib import Path

from .server import Server

CONTEXT = 8192
MOST_TOKENS = 900


def prompt(kind: str, page_text: str) -> str:
    return f"<|im_start|>user\n{kind}\n{page_text}<|im_end|>\n<|im_start|>assistant\n"


class Reader(Server):
    def __init__(self, model: Path, adapter: Path | None = None, threads: int = 2, exact: bool = False):
        import xllamacpp

        p = xllamacpp.CommonParams()
        p.model.path = str(model)
        if adapter:
            lora = xllamacpp.CommonAdapterLoraInfo()
            lora.path, lora.scale = str(adapter), 1.0
            p.lora_adapters = [lora]
        p.n_ctx, p.n_parallel, p.n_batch, p.n_ubatch = CONTEXT, 1, 2048, 512
        super().__init__(p, threads, exact)

    def tokens(self, text: str) -> list[int]:
        return self.request("/tokenize", {"content": text, "add_special": False, "parse_special": True})["tokens"]

    def question(self, page_text: str, question: str, most: int = 120) -> str:
        """The answer's JSON. The page's state is kept for its next question."""
        body = {"prompt": prompt("question", f"{page_text}\n\n{question}"), "n_predict": most, "temperature": 0, "cache_prompt": True, "samplers": ["top_k"], "top_k": 1}
        return self.request("/completion", body)["content"]

    def ask(self, kind: str, page_text: str, most: int = MOST_TOKENS, probabilities: int = 0, rows: bool = True) -> dict:
        """Without `rows`, the answer ends before its list."""
        body = {"prompt": prompt(kind, page_text), "n_predict": most, "temperature": 0, "cache_prompt": False, "samplers": ["top_k"], "top_k": 1}
        if not rows:
            body["stop"] = [',"items":', ',"line_items":']
        if probabilities:
            body |= {"n_probs": probabilities, "post_sampling_probs": False}
        return self.request("/completion", body)
