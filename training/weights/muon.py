"""Muon for the matrices inside the blocks, AdamW for the rest.

Muon (Keller Jordan, 2024) replaces a matrix's momentum by the nearest
orthogonal one, found by five Newton-Schulz steps. torch's own runs them one
matrix at a time in a precision that is slow on a CPU; here matrices of one
shape share a batch.
"""

import torch

from . import run

_STEPS = 5
_A, _B, _C = 3.4445, -4.7750, 2.0315
_SCALE = 0.2  # gives updates about the size of AdamW's (Liu et al., 2025)


class Muon:
    def __init__(self, matrices, decay: float = 0.02, momentum: float = 0.95):
        self.decay, self.momentum = decay, momentum
        self._groups: dict[tuple[int, int], list] = {}
        for matrix in matrices:
            # A query-key-value matrix is three square ones under each other.
            short = min(matrix.shape)
            wide = short if getattr(matrix, "is_stack", False) else max(matrix.shape)
            self._groups.setdefault((short, wide), []).append((matrix, torch.zeros_like(matrix)))

    @torch.no_grad()
    def step(self, rate: float) -> None:
        for (short, wide), group in self._groups.items():
            parts = []
            for matrix, velocity in group:
                velocity.lerp_(matrix.grad, 1 - self.momentum)
                update = matrix.grad.lerp(velocity, self.momentum)
                upright = update.shape[0] > update.shape[1] and wide != short
                parts.append((update.T if upright else update).reshape(-1, short, wide))
            x = torch.cat(parts)
            x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
            if run.has_bfloat16(x.device):
                x = x.bfloat16()
            for _ in range(_STEPS):
                square = x @ x.mT
                x = _A * x + (_B * square + _C * square @ square) @ x
            for (matrix, _), update in zip(group, x.float().split([len(part) for part in parts])):
                update = update.reshape(-1, wide)
                update = update.T if update.shape != matrix.shape else update
                matrix.mul_(1 - rate * self.decay).add_(update, alpha=-rate * _SCALE * wide**0.5)

    def state(self) -> list[torch.Tensor]:
        return [velocity for group in self._groups.values() for _, velocity in group]

    def load(self, state: list[torch.Tensor]) -> None:
        for mine, saved in zip(self.state(), state, strict=True):
            mine.copy_(saved)


class Optimiser:
    """Both together under one learning rate."""

    def __init__(self, modules, decay: float = 0.01):
        named = [(name, p) for module in modules for name, p in module.named_parameters()]
        matrices = [p for name, p in named if p.ndim == 2 and ("layers." in name or "blocks." in name)]
        for name, p in named:
            p.is_stack = name.endswith("qkv.weight")
        chosen = {id(p) for p in matrices}
        self.rest = [p for _, p in named if id(p) not in chosen]
        self.all = [p for _, p in named]
        self._muon = Muon(matrices) if matrices else None
        self._adam = torch.optim.AdamW(self.rest, lr=1e-3, betas=(0.9, 0.98), weight_decay=decay, fused=True)

    def step(self, rate: float) -> None:
        torch.nn.utils.clip_grad_norm_(self.rest, 1.0)
        for group in self._adam.param_groups:
            group["lr"] = rate
        self._adam.step()
        if self._muon:
            self._muon.step(rate)
        for parameter in self.all:
            parameter.grad = None

    def state(self) -> dict:
        return {"adam": self._adam.state_dict(), "muon": self._muon.state() if self._muon else []}

    def load(self, state: dict) -> None:
        self._adam.load_state_dict(state["adam"])
        if self._muon:
            self._muon.load(state["muon"])
