"""The reader's three parts, each in a form that llama.cpp computes: a ViT as
in its LLaVA graph, a two-layer projector, a LLaMA decoder.

The names of modules are those in checkpoints.
"""

import torch
import torch.nn.functional as F
from torch import nn

from .characters import CHARACTERS, CLASSES
from .tiles import GRID, PATCH, SLOTS, TILE
from .vocabulary import ID, PIECES

IMAGE_MEAN, IMAGE_STD = 0.9, 0.25
WIDTH = 256
EPSILON = 1e-5
ROPE_BASE = 10_000.0
CONTEXT = 6400


def pixels(tiles: torch.Tensor) -> torch.Tensor:
    """Bytes as the vision tower takes them."""
    return (tiles.float() / 255 - IMAGE_MEAN) / IMAGE_STD


def _attention(q, k, v, causal: bool, mask=None):
    # In bfloat16 whatever surrounds it: on a CPU that halves the memory moved,
    # which is what attention over thousands of patches costs.
    kind = torch.bfloat16 if torch.is_autocast_enabled(q.device.type) else q.dtype
    return F.scaled_dot_product_attention(q.to(kind), k.to(kind), v.to(kind), attn_mask=mask, is_causal=causal)


class Block(nn.Module):
    def __init__(self, width: int, heads: int, hidden: int):
        super().__init__()
        self.heads = heads
        self.ln1 = nn.LayerNorm(width, eps=EPSILON)
        self.ln2 = nn.LayerNorm(width, eps=EPSILON)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.up = nn.Linear(width, hidden)
        self.down = nn.Linear(hidden, width)

    def forward(self, x, lengths: list[int] | None = None):
        """With `lengths`, `x` is one row of several images' patches, so many
        of each, and none sees another image's."""
        batch, length, width = x.shape
        q, k, v = self.qkv(self.ln1(x)).view(batch, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        if lengths is None:
            mixed = _attention(q, k, v, causal=False)
        else:
            images = zip(*(part.split(lengths, dim=2) for part in (q, k, v)))
            mixed = torch.cat([_attention(*image, causal=False) for image in images], dim=2)
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, length, width))
        return x + self.down(F.gelu(self.up(self.ln2(x)), approximate="tanh"))


class VisionTower(nn.Module):
    """CLIP's ViT without class token; the last layer's output is used as it is."""

    def __init__(self, width: int = WIDTH, layers: int = 6, heads: int = 4, hidden: int = 768):
        super().__init__()
        self.width = width
        # A convolution whose kernels do not overlap, as a matrix.
        self.patch = nn.Linear(3 * PATCH * PATCH, width, bias=False)
        self.pos = nn.Parameter(_sines(GRID, width))
        self.pre = nn.LayerNorm(width, eps=EPSILON)
        self.blocks = nn.ModuleList(Block(width, heads, hidden) for _ in range(layers))
        for block in self.blocks:
            for matrix in (block.out, block.down):
                nn.init.normal_(matrix.weight, std=0.02 / (2 * layers) ** 0.5)

    def forward(self, images, offset=(0, 0), kept=None):
        """`offset`: which patch of the grid the image's first one is; training
        on crops moves them about, so that every place is learnt. `kept` (images
        x patches) leaves the other patches out: most of a page is blank, and
        costs as much as what is printed. Of `kept` patches the result is one
        row, of whole images as many."""
        batch, channels, height, width = images.shape
        rows, columns = height // PATCH, width // PATCH
        x = images.view(batch, channels, rows, PATCH, columns, PATCH).permute(0, 2, 4, 1, 3, 5)
        x = x.reshape(batch, rows * columns, channels * PATCH * PATCH)
        places = self.pos[offset[0] : offset[0] + rows, offset[1] : offset[1] + columns].reshape(1, rows * columns, -1)
        lengths = None
        if kept is not None:
            x, places = x[kept][None], places.expand(batch, -1, -1)[kept][None]
            lengths = kept.sum(1).tolist()
        x = self.pre(self.patch(x) + places)
        for block in self.blocks:
            x = block(x, lengths)
        return x


def _sines(grid: int, width: int) -> torch.Tensor:
    """Half of the width encodes the row, half the column. Starting from sines
    rather than noise, the tower distinguishes places from the first step."""
    steps = torch.arange(grid).float()[:, None]
    rates = 100.0 ** (-torch.arange(width // 4).float() / (width // 4))[None]
    one = torch.cat([(steps * rates).sin(), (steps * rates).cos()], 1) * 0.2
    return torch.cat([one[:, None].expand(grid, grid, -1), one[None].expand(grid, grid, -1)], -1).clone()


def character_head(width: int = WIDTH) -> nn.Module:
    """Which characters lie in each patch; only for training."""
    return nn.Sequential(nn.LayerNorm(width), nn.Linear(width, SLOTS * CLASSES))


class Projector(nn.Module):
    def __init__(self, vision_width: int = WIDTH, width: int = WIDTH, hidden: int = 768):
        super().__init__()
        self.a = nn.Linear(vision_width, hidden)
        self.b = nn.Linear(hidden, width)

    def forward(self, x):
        return self.b(F.gelu(self.a(x), approximate="tanh"))


class RootMeanSquare(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.w = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.w, EPSILON)


def _turn(x, cosine, sine):
    """Rotary positions on interleaved pairs, as LLaMA's GGUF has them."""
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cosine - odd * sine, even * sine + odd * cosine), -1).flatten(-2)


class Layer(nn.Module):
    def __init__(self, width: int, heads: int, hidden: int):
        super().__init__()
        self.heads = heads
        self.n1, self.n2 = RootMeanSquare(width), RootMeanSquare(width)
        self.q, self.k, self.v, self.o = (nn.Linear(width, width, bias=False) for _ in range(4))
        self.gate, self.up = nn.Linear(width, hidden, bias=False), nn.Linear(width, hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x, cosine, sine, last: int | None = None):
        """With `last`, only that many places at the end are computed: of the
        last layer nothing else is used."""
        batch, length, width = x.shape
        y = self.n1(x)
        split = lambda z, matrix: matrix(z).view(batch, z.shape[1], self.heads, width // self.heads).transpose(1, 2)
        k, v = _turn(split(y, self.k), cosine, sine), split(y, self.v)
        if last is None or last == length:
            q = _turn(split(y, self.q), cosine, sine)
            mixed = _attention(q, k, v, causal=True)
        else:
            q = _turn(split(y[:, -last:], self.q), cosine[..., -last:, :], sine[..., -last:, :])
            visible = torch.ones(last, length, dtype=torch.bool, device=x.device).tril(length - last)
            mixed = _attention(q, k, v, causal=False, mask=visible)
            x = x[:, -last:]
        x = x + self.o(mixed.transpose(1, 2).reshape(batch, x.shape[1], width))
        y = self.n2(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class TextModel(nn.Module):
    def __init__(self, vocabulary: int = len(PIECES), width: int = WIDTH, layers: int = 4, heads: int = 4, hidden: int = 704):
        super().__init__()
        self.width, self.heads, self.hidden = width, heads, hidden
        self.emb = nn.Embedding(vocabulary, width)
        nn.init.normal_(self.emb.weight, std=0.05)
        self.layers = nn.ModuleList(Layer(width, heads, hidden) for _ in range(layers))
        self.norm = RootMeanSquare(width)
        for layer in self.layers:
            for matrix in (layer.o, layer.down):
                nn.init.normal_(matrix.weight, std=0.02 / (2 * layers) ** 0.5)
        rates = ROPE_BASE ** (-torch.arange(0, width // heads, 2).float() / (width // heads))
        angles = torch.arange(CONTEXT).float()[:, None] * rates[None]
        self.register_buffer("cosine", angles.cos(), persistent=False)
        self.register_buffer("sine", angles.sin(), persistent=False)

    def forward(self, embedded, places=None, last: int | None = None):
        """Logits of the last `last` places. `places` are the positions of the
        rows of `embedded` where some of a sequence were left out."""
        if places is None:
            places = torch.arange(embedded.shape[1], device=embedded.device)
        cosine, sine = self.cosine[places], self.sine[places]
        x = embedded
        for layer in self.layers[:-1]:
            x = layer(x, cosine, sine)
        x = self.layers[-1](x, cosine, sine, last)
        return self.norm(x) @ self.emb.weight.T


class SymbolicPatches(nn.Module):
    """What the projector will have to produce, without any image: a patch is
    the sum over its characters of the character's own token embedding, turned
    by its slot, plus row and column. Sharing the embeddings with the output
    makes copying easy to learn: 92 % of answer tokens after 1,050 steps."""

    def __init__(self, width: int = WIDTH):
        super().__init__()
        self.A = nn.ParameterList(
            nn.Parameter(torch.eye(width) if slot == 0 else torch.linalg.qr(torch.randn(width, width))[0]) for slot in range(SLOTS)
        )
        self.row, self.col = nn.Embedding(GRID, width), nn.Embedding(GRID, width)
        for embedding in (self.row, self.col):
            nn.init.normal_(embedding.weight, std=0.05)
        self.register_buffer("token", torch.tensor([0] + [ID[c] for c in CHARACTERS]), persistent=False)
        self.register_buffer("real", torch.tensor([0.0] + [1.0] * len(CHARACTERS))[:, None], persistent=False)

    def forward(self, cells: torch.Tensor, text: TextModel) -> torch.Tensor:
        """`cells`: ... x patches x SLOTS, whole tiles."""
        embedded = text.emb.weight[self.token] * self.real
        patch = torch.arange(GRID * GRID, device=cells.device)
        place = self.row(patch // GRID) + self.col(patch % GRID)
        return sum(F.embedding(cells[..., slot], embedded @ self.A[slot]) for slot in range(SLOTS)) + place


class Reader(nn.Module):
    """All parts together, with what only training needs."""

    def __init__(self):
        super().__init__()
        self.vision = VisionTower()
        self.projector = Projector()
        self.text = TextModel()
        self.head = character_head()
        self.symbolic = SymbolicPatches()


assert TILE == GRID * PATCH
