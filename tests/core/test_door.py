"""The one door between a state and a network: each stays on its device and in its dtype."""

from __future__ import annotations

from typing import Any

import noisegraph as ng
import torch
from torch import nn


class Elsewhere(nn.Module):
    """A network on another device, the meta device here, that notes what reaches it and answers from there."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(1, dtype=torch.bfloat16, device="meta"))
        self.reached: dict[str, torch.Tensor] = {}

    def forward(self, x: torch.Tensor, t: torch.Tensor, **condition: torch.Tensor) -> torch.Tensor:
        self.reached = {"x": x, "t": t, **condition}
        return torch.zeros(x.shape, dtype=torch.bfloat16)


class Made:
    """Stands for weights whose module is made already."""

    def __init__(self, module: nn.Module) -> None:
        self.made = module

    def module(self) -> nn.Module:
        return self.made


def test_what_reaches_a_network_is_on_its_device_and_its_answer_on_that_of_the_state() -> None:
    module = Elsewhere()
    weights: Any = Made(module)
    process = ng.DiscreteVP("linear", 1000, 0.0001, 0.02)
    denoiser = ng.Conditioned(
        ng.Network(weights, process, "x0"), {"label": torch.tensor([3]), "context": torch.ones(1, 2, 4)}
    )
    x0 = denoiser(torch.ones(1, 1, 8, 8), process.level(500.0))
    assert {value.device.type for value in module.reached.values()} == {"meta"}
    assert module.reached["x"].dtype == module.reached["context"].dtype == torch.bfloat16
    assert module.reached["label"].dtype == torch.int64
    assert (x0.device.type, x0.dtype) == ("cpu", torch.float32)
