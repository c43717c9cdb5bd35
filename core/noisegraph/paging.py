"""Layers whose weights lie elsewhere or in another type than they work in: brought in when they are asked."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

WORTH_PAGING = 2**16
"""Numbers of a tensor from which on it is worth the trouble; a LoRA's are fewer."""


class Pages:
    """The layers of a module whose weights wait; `room` bytes are there for those that are in, None: for all of them.

    Once the room is full, the layer that came last makes place for the next one. A network asks its layers in the same
    order at every step, so that the one used longest ago, which would go first elsewhere, is the one wanted soonest.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        names: Iterable[str],
        device: torch.device,
        dtype: torch.dtype,
        room: int | None,
    ) -> None:
        """`names` are of weights that `paged_names` has."""
        self.device, self.dtype, self.room = device, dtype, room
        self.stored: dict[torch.nn.Module, torch.nn.Parameter] = {}
        self.inside: OrderedDict[torch.nn.Module, int] = OrderedDict()
        for name in names:
            layer = module.get_submodule(name.removesuffix(".weight"))
            self.stored[layer] = module.get_parameter(name)
            layer.register_forward_pre_hook(self._asked)

    def _asked(self, layer: torch.nn.Module, _: Any) -> None:
        if layer not in self.inside:
            self.bring(layer)

    def bring(self, layer: torch.nn.Module) -> None:
        """The layer's weight where it works; others leave for it."""
        from torch.nn import Parameter

        stored = self.stored[layer]
        size = stored.numel() * self.dtype.itemsize
        while self.room is not None and self.inside and sum(self.inside.values()) + size > self.room:
            last, _ = self.inside.popitem()
            last.weight = self.stored[last]
        # a new parameter, not new data for the old one: what autograd keeps for a gradient stays as it was
        layer.weight = Parameter(stored.to(self.device, self.dtype), requires_grad=False)
        self.inside[layer] = size
        if self.room is None:
            self.stored[layer] = layer.weight  # it stays: what it was made of may leave memory

    def bring_all(self) -> None:
        """All layers where they work, if there is room for all; else none, where they are stored."""
        for layer, stored in self.stored.items():
            if self.room is not None:
                layer.weight = stored
            elif layer not in self.inside:
                self.bring(layer)
        if self.room is not None:
            self.inside.clear()


def paged_names(module: torch.nn.Module) -> frozenset[str]:
    """Which tensors may be paged: large ones of layers that are only ever called, and not read by others.

    Not the first parameter, by which callers know where and in which type the network works.
    """
    from torch.nn import Linear
    from torch.nn.modules.conv import _ConvNd

    first = next((name for name, _ in module.named_parameters()), "")
    layers = ((name, layer) for name, layer in module.named_modules() if isinstance(layer, (Linear, _ConvNd)) and name)
    large = (f"{name}.weight" for name, layer in layers if layer.weight.numel() >= WORTH_PAGING)
    return frozenset(large) - {first}
