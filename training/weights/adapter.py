"""The adapter as the files that llama.cpp loads: beside the base model, or
merged into it."""

from pathlib import Path

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType, GGUFValueType, quants

from .smollm import PROJECTIONS, SCALE, Base, SmolLM

_FILE_TYPE_Q8_0 = 7
_Q8_0, _F16 = GGMLQuantizationType.Q8_0, GGMLQuantizationType.F16
_BLOCK = 32  # numbers that share a scale in Q8_0
# Keys that a writer sets by itself.
_WRITTEN = ("general.architecture", "general.file_type", "general.quantization_version")


def _name(layer: int, projection: str) -> str:
    return f"blk.{layer}.{projection}.weight"


def _rounded(matrix: np.ndarray) -> np.ndarray:
    """Rounded as Q8_0 stores it: 32 numbers of a row share a scale."""
    return quants.dequantize(quants.quantize(matrix, _Q8_0), _Q8_0)


def _replaced(path: Path, write) -> None:
    """Writes a file atomically."""
    fresh = path.with_suffix(path.suffix + ".new")
    write(fresh)
    fresh.replace(path)


def export(model: SmolLM, path: Path, name: str = "docmill-small") -> None:
    """A LoRA adapter of llama.cpp in Q8_0: `NAME.lora_a` is rank x inputs,
    `NAME.lora_b` outputs x rank; it computes W x + alpha/rank B A x. Where the
    rank is no multiple of Q8_0's 32, `lora_b` is in f16."""

    def write(fresh: Path) -> None:
        out = gguf.GGUFWriter(str(fresh), "llama")
        out.add_type(gguf.GGUFType.ADAPTER)
        out.add_quantization_version(gguf.GGML_QUANT_VERSION)
        out.add_name(name)
        out.add_string("adapter.type", "lora")
        out.add_float32("adapter.lora.alpha", SCALE * model.rank)
        for number, layer in enumerate(model.layers):
            for projection in PROJECTIONS:
                part = getattr(layer, projection)
                for letter in "ab":
                    array = getattr(part, letter).detach().float().numpy()
                    kind = _F16 if array.shape[1] % _BLOCK else _Q8_0
                    out.add_tensor(f"{_name(number, projection)}.lora_{letter}", quants.quantize(array, kind), raw_dtype=kind)
        _finish(out)

    _replaced(path, write)


def rank_of(path: Path) -> int:
    return next(int(tensor.shape[1]) for tensor in gguf.GGUFReader(str(path)).tensors if tensor.name.endswith(".lora_a"))


def load(model: SmolLM, path: Path) -> None:
    """Fills the model from an exported adapter."""
    tensors = {tensor.name: quants.dequantize(tensor.data, tensor.tensor_type) for tensor in gguf.GGUFReader(str(path)).tensors}
    with torch.no_grad():
        for number, layer in enumerate(model.layers):
            for projection in PROJECTIONS:
                for letter in "ab":
                    array = tensors[f"{_name(number, projection)}.lora_{letter}"]
                    getattr(getattr(layer, projection), letter).copy_(torch.from_numpy(np.array(array, np.float32)))


def merged(model: SmolLM, base: Base, path: Path) -> None:
    """The base model with the adapter added to its dequantised matrices,
    quantised to Q8_0 again."""
    tensors = base.tensors()
    with torch.no_grad():
        for number, layer in enumerate(model.layers):
            for projection in PROJECTIONS:
                part = getattr(layer, projection)
                # As the adapter's file holds them.
                a, b = (torch.from_numpy(_rounded(matrix.float().numpy())) for matrix in (part.a, part.b))
                tensors[_name(number, projection)] += SCALE * (b @ a)

    def write(fresh: Path) -> None:
        out = gguf.GGUFWriter(str(fresh), base.value("general.architecture"))
        out.add_file_type(_FILE_TYPE_Q8_0)
        out.add_quantization_version(gguf.GGML_QUANT_VERSION)
        for key, field in base.reader.fields.items():
            if key.startswith("GGUF.") or key in _WRITTEN:
                continue
            value, kind = field.contents(), field.types[0]
            if kind == GGUFValueType.ARRAY:
                out.add_array(key, value)
            else:
                out.add_key_value(key, value, kind)
        for name, tensor in tensors.items():
            array = tensor.numpy().astype(np.float32)
            if array.ndim == 1:
                out.add_tensor(name, array)
            else:
                out.add_tensor(name, quants.quantize(array, _Q8_0), raw_dtype=_Q8_0)
        _finish(out)

    _replaced(path, write)


def _finish(out: gguf.GGUFWriter) -> None:
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()
