"""Layers with low-rank branches beside them (LoRA, Hu et al. 2022): what the layer itself holds stays as it is."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn


class Side(NamedTuple):
    """A branch beside a layer: of what rank, and with a convolution of which kernel between its ends, if any."""

    layer: str
    rank: int
    kernel: tuple[int, int] = (1, 1)
    between: bool = False
    """Whether the kernel is that of a third layer in the middle (LoCon's Tucker form), not of the first."""


class Branch(nn.Module):
    """down, perhaps mid, up: what is added to a layer's output."""

    def __init__(self, layer: nn.Module, side: Side, strength: float) -> None:
        super().__init__()
        self.strength = strength
        if isinstance(layer, nn.Linear):
            self.down: nn.Module = nn.Linear(layer.in_features, side.rank, bias=False)
            self.up: nn.Module = nn.Linear(side.rank, layer.out_features, bias=False)
            return
        assert isinstance(layer, nn.Conv2d)
        stride, padding = layer.stride[0], side.kernel[0] // 2
        first = nn.Conv2d(layer.in_channels, side.rank, side.kernel, stride, padding, bias=False)
        self.down = nn.Conv2d(layer.in_channels, side.rank, 1, bias=False) if side.between else first
        if side.between:
            self.mid = nn.Conv2d(side.rank, side.rank, side.kernel, stride, padding, bias=False)
        self.up = nn.Conv2d(side.rank, layer.out_channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        h = self.down(x)
        h = self.mid(h) if hasattr(self, "mid") else h
        return self.up(h) * self.strength  # type: ignore[no-any-return]


class Branched(nn.Module):
    """Before a kind of layer in a class's bases: what the layer puts out, and what its branches add."""

    branches: nn.ModuleDict

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = super().forward(x)
        for branch in self.branches.values():
            out = out + branch(x)
        return out


class BranchedLinear(Branched, nn.Linear):
    """A linear layer and its branches."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__(layer.in_features, layer.out_features, layer.bias is not None)
        self.branches = nn.ModuleDict()


class BranchedConv(Branched, nn.Conv2d):
    """A convolution and its branches."""

    def __init__(self, layer: nn.Conv2d) -> None:
        kernel, stride, padding = layer.kernel_size[0], layer.stride[0], layer.padding[0]
        assert isinstance(padding, int)
        super().__init__(layer.in_channels, layer.out_channels, kernel, stride, padding, bias=layer.bias is not None)
        self.branches = nn.ModuleDict()


def branched(module: nn.Module, sides: tuple[Side, ...], name: str, strength: float) -> nn.Module:
    """The module, its layers given branches of that name; for a module that is new and nobody else's."""
    for side in sides:
        parent, _, last = side.layer.rpartition(".")
        owner = module.get_submodule(parent)
        layer = owner.get_submodule(last)
        if not isinstance(layer, Branched):
            layer = BranchedLinear(layer) if isinstance(layer, nn.Linear) else BranchedConv(_convolution(layer))
            owner.register_module(last, layer)
        layer.branches[name] = Branch(layer, side, strength)
    return module


def _convolution(layer: nn.Module) -> nn.Conv2d:
    assert isinstance(layer, nn.Conv2d)
    return layer
