"""What training remembers, and the network that it stands for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import noisegraph as ng
import torch
from torch import Tensor, nn
from torch.func import functional_call

FIRST_SCALE = 65536.0
"""By what the loss is multiplied in float16 until its gradients turn out too large (Micikevicius et al. 2018)."""


class State(NamedTuple):
    """All that training remembers; the parameters of the network lie in one vector."""

    parameters: Tensor
    average: Tensor
    """Exponential moving average of the parameters."""
    mean: Tensor
    """Adam's average of the gradient."""
    square: Tensor
    """Adam's average of the squared gradient."""
    updates: Tensor
    """How many there were, float32; in float16 those that were left out do not count."""
    scaling: Tensor
    """By what the loss is multiplied in float16, and how many updates ago that changed: float64 [2]."""
    untrained: Tensor
    """Mean loss of the first parameters on the first batches, []; 0 before the first step."""
    losses: Tensor
    """Mean loss of every step so far; nan at the end where training was stopped, the rest being as it was before."""


def begun(module: nn.Module) -> State:
    """That of a module before any update, on the current device."""
    first = nn.utils.parameters_to_vector(module.parameters()).detach().to(torch.get_default_device())
    scaling = torch.tensor([FIRST_SCALE, 0.0], dtype=torch.float64, device="cpu")
    mean, square = torch.zeros_like(first), torch.zeros_like(first)
    zero, losses = torch.zeros((), device="cpu"), torch.zeros(0, device="cpu")
    return State(first, first.clone(), mean, square, zero, scaling, zero, losses)


def skeleton(architecture: ng.Architecture, seed: int) -> nn.Module:
    """The module with its first parameters, made on the CPU so that they are the same for any device."""
    with torch.random.fork_rng(), torch.device("cpu"):
        torch.manual_seed(seed)
        return architecture.module().train()


def named(module: nn.Module, vector: Tensor) -> dict[str, Tensor]:
    """The module's parameters by name, as views of the vector that holds them one after the other."""
    shapes = {name: parameter.shape for name, parameter in module.named_parameters()}
    parts = torch.split(vector, [shape.numel() for shape in shapes.values()])
    return {name: part.view(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}


def network_with(module: nn.Module, vector: Tensor) -> Callable[..., Any]:
    """The module's forward with the vector's parameters; those that are not to learn pass no gradient on."""
    learning = {name: one.requires_grad for name, one in module.named_parameters()}
    parameters = {name: one if learning[name] else one.detach() for name, one in named(module, vector).items()}

    def brought(value: Any) -> Any:
        return value.to(vector.device) if isinstance(value, Tensor) else value

    def network(*given: Any, **more: Any) -> Any:
        told = {name: brought(value) for name, value in more.items()}
        return functional_call(module, parameters, tuple(map(brought, given)), told)

    return network
