"""No step waits for a GPU, whatever it is given from the CPU: conditions, masks, known data, references, embeddings.

Samplers and guidance without such inputs are held to it by their contracts; with a GPU, see test_cuda.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.guidance import apg, cfg, classifier, clip, compose, ilvr, inpaint, repaint
from noisegraph.nodes.samplers.ancestral import euler_ancestral
from noisegraph.nodes.samplers.ddim import ddim, ddpm
from noisegraph.nodes.samplers.dpmpp import dpmpp_2m, dpmpp_3m_sde
from noisegraph.nodes.samplers.walk import walk
from noisegraph.testing.waits import never_waiting
from torch import Tensor, nn

PROCESS = ng.DiscreteVP()
LEVELS = ng.Levels(tuple(PROCESS.level(t) for t in (900, 600, 300, 0, -1)), PROCESS)
NOISE = ng.Latent(torch.empty(2, 3, 16, 16, device="meta"))
KNOWN, MASK = ng.Latent(torch.ones(1, 3, 16, 16)), ng.Mask(torch.ones(1, 1, 32, 32))


class Asked(nn.Module):
    """A network with a label and a context as conditions."""

    def __init__(self, device: str) -> None:
        super().__init__()
        self.table = nn.Embedding(4, 3, device=device, dtype=torch.bfloat16)

    def forward(self, x: Tensor, t: Tensor, y: Tensor, context: Tensor) -> Tensor:
        return x * self.table(y)[:, :, None, None] + context.mean((1, 2))[:, None, None, None] + t[:, None, None, None]


class Placed(ng.Weights):
    """Weights whose module is there without a file, on the device of their path."""

    def module(self) -> nn.Module:
        return Asked(self.path)


def conditioned(label: int, device: str = "meta") -> ng.Denoiser:
    """The network under a condition that lies on the CPU, as conditions do that a cache gave."""
    network = ng.Network(Placed(device, "0", Asked), PROCESS, "eps")
    condition = {"y": torch.tensor([label]), "context": torch.ones(1, 7, 5)}
    return ng.Conditioned(network, condition)


def half(x: Tensor, level: ng.Level) -> Tensor:
    return x / 2


def channels(x: Tensor, level: ng.Level) -> Tensor:
    """An encoder: an embedding of three numbers."""
    return x.mean((2, 3))


def similar(x: Tensor, level: ng.Level) -> Tensor:
    """A classifier."""
    return x.mean((1, 2, 3))


TEXT = ng.Points(torch.ones(1, 3))
DENOISERS: dict[str, Callable[[str], ng.Denoiser]] = {
    "a condition": lambda device: conditioned(1, device),
    "two conditions in a batch": lambda device: cfg.cfg(conditioned(1, device), conditioned(2, device), scale=3.0),
    "a classifier": lambda device: classifier.classifier(half, similar, scale=2.0),
    "a classifier of the mean": lambda device: classifier.classifier_mean(half, similar, LEVELS, scale=2.0),
    "a text": lambda device: clip.clip(half, channels, TEXT, scale=2.0),
    "known data": lambda device: inpaint.inpaint(half, KNOWN, MASK),
    "regions": lambda device: compose.regions([half], [MASK], conditioned(1, device)),
}
"""What is given to the denoiser beside its state; made for a device, from what lies on the CPU."""


@pytest.mark.parametrize("name", DENOISERS)
def test_no_denoiser_waits_for_what_lies_on_the_cpu(name: str) -> None:
    waited(dpmpp_2m(), DENOISERS[name]("meta"), LEVELS)


SAMPLERS: dict[str, tuple[ng.Sampler, ng.Levels]] = {
    "replacement": (repaint.replace(dpmpp_3m_sde(), KNOWN, MASK), LEVELS),
    "resampling": (repaint.replace(ddim(eta=1.0), KNOWN, MASK), repaint.travel(LEVELS, length=2, times=2)),
    "a reference": (ilvr.ilvr(ddpm(), KNOWN, factor=4), LEVELS),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_no_sampler_waits_for_what_lies_on_the_cpu(name: str) -> None:
    sampler, levels = SAMPLERS[name]
    waited(sampler, half, levels)


def test_momentum_waits_for_nothing() -> None:
    waited(apg.apg_momentum(euler_ancestral()), apg.apg(conditioned(1), conditioned(2), scale=3.0), LEVELS)


def waited(sampler: ng.Sampler, denoiser: ng.Denoiser, levels: ng.Levels) -> None:
    """The engine's own walk, with its noise and its look for NaN; only its end may look."""
    loop: ng.Loop[Any] = walk(sampler, denoiser, NOISE, levels, 0)
    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        patch.setattr(ng, "device", lambda: torch.device("meta"))
        with never_waiting():
            state = loop.start()
            for index in range(loop.total):
                state = loop.step(state, index)
    assert state.state.x.shape == NOISE.shape
