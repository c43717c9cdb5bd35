"""An architecture that begins where another training ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import noisegraph as ng
import torch
from torch import Tensor, nn

LEAST = 0.1
"""The share of an architecture's numbers that a trained network has at least; one that has less is of another kind."""


@dataclass(frozen=True)
class Begun:
    """Builds what `build` does, its parameters being trained ones as far as these have them."""

    build: Callable[..., nn.Module]
    trained: Mapping[str, Tensor]
    locked: Sequence[str] = ()
    """How the names of those parameters begin that are not to learn."""

    def __call__(self, **config: Any) -> nn.Module:
        """The module; raises NodeError where these have next to nothing for it."""
        module = self.build(**config)
        parameters = dict(module.named_parameters())
        taken = [name for name, parameter in parameters.items() if _take(name, parameter, self.trained)]
        share = sum(parameters[name].numel() for name in taken) / sum(map(torch.numel, parameters.values()))
        if share < LEAST:
            told = f"of this architecture's parameters {len(taken)} of {len(parameters)} fit the trained network"
            raise ng.NodeError(f"{told}, {share:.0%} of its numbers", _HINT)
        for beginning in self.locked:
            held = [parameter for name, parameter in parameters.items() if name.startswith(beginning)]
            if not held:
                parts = ", ".join(name for name, _ in module.named_children())
                raise ng.NodeError(f"no parameter's name begins with '{beginning}'", f"the network's parts are {parts}")
            for parameter in held:
                parameter.requires_grad_(False)
        return module


_HINT = "give an architecture like that of the trained network; its card tells the configuration"


@torch.no_grad()
def _take(name: str, parameter: Tensor, found: Mapping[str, Tensor]) -> bool:
    """Fill a parameter with that of its name, where one fits. Inputs that the trained layer has not begin at zero."""
    value = found.get(name)
    if value is None or value.dim() != parameter.dim():
        return False
    same_but_inputs = value.shape[:1] + value.shape[2:] == parameter.shape[:1] + parameter.shape[2:]
    if value.shape != parameter.shape and not (same_but_inputs and value.shape[1] < parameter.shape[1]):
        return False
    parameter.zero_()
    parameter[tuple(slice(size) for size in value.shape)] = value.to(parameter)
    return True
