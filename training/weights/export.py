"""The reader as two GGUF files as llama.cpp's mtmd reads them: a
LLaMA text model, and an image projector of the kind `mlp`."""

from pathlib import Path

import gguf
import numpy as np
from gguf import quants

from .models import CONTEXT, EPSILON, IMAGE_MEAN, IMAGE_STD, ROPE_BASE, Projector, Reader, TextModel, VisionTower
from .tiles import PATCH, TILE
from .vocabulary import BOS, EOS, KINDS, NORMAL, PIECES

F32, F16, Q8_0 = "f32", "f16", "q8_0"
_TYPES = {F32: gguf.LlamaFileType.ALL_F32, F16: gguf.LlamaFileType.MOSTLY_F16, Q8_0: gguf.LlamaFileType.MOSTLY_Q8_0}
_BLOCK = 32  # numbers that share a scale in Q8_0

_CHAT = (
    "{% for m in messages %}{% if m['role']=='user' %}USER: {{ m['content'] }}\nASSISTANT: "
    "{% else %}{{ m['content'] }}</s>{% endif %}{% endfor %}"
)


def _array(tensor) -> np.ndarray:
    return tensor.detach().float().cpu().numpy()


class _Writer:
    def __init__(self, path: Path, architecture: str, kind: str):
        self.gguf = gguf.GGUFWriter(str(path), architecture)
        self.kind = kind
        self.gguf.add_file_type(_TYPES[kind])

    def matrix(self, name: str, tensor) -> None:
        array = _array(tensor)
        # Rows that are no whole blocks stay f16, such as the patch kernels'.
        if self.kind == Q8_0 and array.shape[-1] % _BLOCK == 0:
            packed = quants.quantize(array, gguf.GGMLQuantizationType.Q8_0)
            self.gguf.add_tensor(name, packed, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
        else:
            self.gguf.add_tensor(name, array.astype(np.float32 if self.kind == F32 else np.float16))

    def vector(self, name: str, tensor) -> None:
        self.gguf.add_tensor(name, _array(tensor).astype(np.float32))

    def linear(self, name: str, layer) -> None:
        self.matrix(f"{name}.weight", layer.weight)
        if layer.bias is not None:
            self.vector(f"{name}.bias", layer.bias)

    def norm(self, name: str, layer) -> None:
        self.vector(f"{name}.weight", layer.weight)
        self.vector(f"{name}.bias", layer.bias)

    def close(self) -> None:
        self.gguf.write_header_to_file()
        self.gguf.write_kv_data_to_file()
        self.gguf.write_tensors_to_file()
        self.gguf.close()


def text_model(model: TextModel, path: Path, kind: str = F16) -> None:
    out = _Writer(path, "llama", kind)
    w = out.gguf
    w.add_name("docmill-nano")
    w.add_context_length(CONTEXT)
    w.add_embedding_length(model.width)
    w.add_block_count(len(model.layers))
    w.add_feed_forward_length(model.hidden)
    w.add_head_count(model.heads)
    w.add_head_count_kv(model.heads)
    w.add_layer_norm_rms_eps(EPSILON)
    w.add_rope_dimension_count(model.width // model.heads)
    w.add_rope_freq_base(ROPE_BASE)
    w.add_vocab_size(len(PIECES))
    w.add_tokenizer_model("llama")
    w.add_token_list([piece.encode() for piece in PIECES])
    # Scores only matter where pieces could merge; single characters do not.
    w.add_token_scores([-float(number) if kind == NORMAL else 0.0 for number, kind in enumerate(KINDS)])
    w.add_token_types(KINDS)
    w.add_bos_token_id(BOS)
    w.add_eos_token_id(EOS)
    w.add_unk_token_id(0)
    w.add_add_bos_token(True)
    w.add_add_eos_token(False)
    w.add_add_space_prefix(False)
    w.add_chat_template(_CHAT)
    out.matrix("token_embd.weight", model.emb.weight)
    out.vector("output_norm.weight", model.norm.w)
    for number, layer in enumerate(model.layers):
        for name, part in (
            ("attn_q", layer.q), ("attn_k", layer.k), ("attn_v", layer.v), ("attn_output", layer.o),
            ("ffn_gate", layer.gate), ("ffn_up", layer.up), ("ffn_down", layer.down),
        ):
            out.linear(f"blk.{number}.{name}", part)
        out.vector(f"blk.{number}.attn_norm.weight", layer.n1.w)
        out.vector(f"blk.{number}.ffn_norm.weight", layer.n2.w)
    out.close()


def image_projector(vision: VisionTower, projector: Projector, path: Path, kind: str = F16) -> None:
    out = _Writer(path, "clip", kind)
    w, layers, width = out.gguf, len(vision.blocks), vision.width
    w.add_bool("clip.has_vision_encoder", True)
    w.add_bool("clip.has_llava_projector", True)
    w.add_string("clip.projector_type", "mlp")
    w.add_bool("clip.use_gelu", True)
    w.add_uint32("clip.vision.image_size", TILE)
    w.add_uint32("clip.vision.patch_size", PATCH)
    w.add_uint32("clip.vision.embedding_length", width)
    w.add_uint32("clip.vision.feed_forward_length", vision.blocks[0].up.out_features)
    w.add_uint32("clip.vision.projection_dim", projector.b.out_features)
    w.add_uint32("clip.vision.block_count", layers)
    w.add_uint32("clip.vision.attention.head_count", vision.blocks[0].heads)
    w.add_float32("clip.vision.attention.layer_norm_epsilon", EPSILON)
    # Named, because mtmd otherwise leaves the last layer out, as LLaVA-1.5 did.
    w.add_array("clip.vision.feature_layer", [layers])
    w.add_array("clip.vision.image_mean", [IMAGE_MEAN] * 3)
    w.add_array("clip.vision.image_std", [IMAGE_STD] * 3)
    out.matrix("v.patch_embd.weight", vision.patch.weight.view(width, 3, PATCH, PATCH))
    out.vector("v.position_embd.weight", vision.pos.reshape(-1, width))
    out.norm("v.pre_ln", vision.pre)
    for number, block in enumerate(vision.blocks):
        for third, name in enumerate(("attn_q", "attn_k", "attn_v")):
            rows = slice(third * width, (third + 1) * width)
            out.matrix(f"v.blk.{number}.{name}.weight", block.qkv.weight[rows])
            out.vector(f"v.blk.{number}.{name}.bias", block.qkv.bias[rows])
        for name, part in (("attn_out", block.out), ("ffn_up", block.up), ("ffn_down", block.down)):
            out.linear(f"v.blk.{number}.{name}", part)
        out.norm(f"v.blk.{number}.ln1", block.ln1)
        out.norm(f"v.blk.{number}.ln2", block.ln2)
    out.linear("mm.0", projector.a)
    out.linear("mm.2", projector.b)
    out.close()


def reader(model: Reader, folder: Path, kind: str = F16) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text_model(model.text, folder / "text.gguf", kind)
    image_projector(model.vision, model.projector, folder / "mmproj.gguf", kind)
