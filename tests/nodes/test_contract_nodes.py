"""Every node that is installed with noisegraph keeps the contract of nodes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.registry import Registry
from noisegraph.testing.nodes import NodeContract

REGISTRY = Registry.installed()
BUILT_IN = {
    spec.full_name: spec
    for plugin in REGISTRY.plugins()
    if plugin.distribution == "noisegraph"
    for spec in plugin.nodes.values()
}
PROCESS = ng.DiscreteVP("cosine", 1000)
LEVELS = ng.Levels((PROCESS.level(900), PROCESS.level(100), PROCESS.at_log_snr(math.inf)), PROCESS)
DDIM = BUILT_IN["sampler.ddim"].function()
RAMP = torch.linspace(0, 1, 2 * 3 * 4 * 4).reshape(2, 3, 4, 4)


def half(x: torch.Tensor, level: ng.Level) -> torch.Tensor:
    """A denoiser that halves."""
    return x / 2


def third(x: torch.Tensor, level: ng.Level) -> torch.Tensor:
    """Another one."""
    return x / 3


EXAMPLES: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "guide.cfg": ({"positive": half, "negative": third, "scale": 3.0},),
    "guide.interval": ({"guided": half, "plain": third, "sigma_min": 0.1, "sigma_max": 2.0},),
    "guide.switch": ({"before": half, "after": third, "levels": LEVELS},),
    "image.decode": ({"latent": RAMP * 2 - 1},),
    "image.encode": ({"image": RAMP},),
    "image.enlarge": ({"image": RAMP, "factor": 3},),
    "image.sheet": ({"images": [RAMP, RAMP / 2], "columns": 3},),
    "label.encode": ({"label": [1, 2]}, {}),
    "latent.noise": ({"like": ng.Shape((3, 4, 4)), "seed": 5, "batch": 2}, {"like": RAMP, "levels": LEVELS}),
    "latent.shape": ({"sizes": (1, 8, 8)},),
    "likelihood.flow": ({"denoiser": half, "data": ng.Latent(RAMP[:, :, 0, 0]), "process": PROCESS, "rtol": 1e-3},),
    "levels.explicit": ({"process": PROCESS, "values": [999.0, 500.0, 0.0]},),
    "plot.score": ({"denoiser": half, "levels": LEVELS, "index": 0},),
    "sampler.step": ({"sampler": DDIM, "denoiser": half, "noise": RAMP, "levels": LEVELS},),
    "levels.uniform": ({"process": PROCESS, "steps": 7}, {"process": PROCESS, "spacing": "trailing"}),
}


SAMPLES: Mapping[Any, Any] = {
    ng.Denoiser: third,
    ng.Image: RAMP,
    ng.Latent: RAMP * 2 - 1,
    ng.Levels: LEVELS,
    ng.Mask: RAMP[:, :1],
    ng.Process: PROCESS,
    ng.Sampler: DDIM,
    ng.Shape: ng.Shape((3, 4, 4)),
    list[ng.Denoiser]: [half, third],
    list[ng.Image]: [RAMP, RAMP / 2],
}
"""A value for each type of port, for nodes that have no example of their own."""


def examples(name: str) -> tuple[Mapping[str, Any], ...]:
    """The examples of a node; one whose required inputs are of known types is tried with a value of each."""
    required = [BUILT_IN[name].ports[port] for port in BUILT_IN[name].required]
    if name in EXAMPLES:
        return EXAMPLES[name]
    if not all(port.wired and port.type in SAMPLES for port in required):
        return ()
    return ({port.name: SAMPLES[port.type] for port in required},)


def contract(name: str) -> type[NodeContract]:
    """The contract of one built-in node, as its author would write it."""
    body = {"node": staticmethod(BUILT_IN[name].function), "examples": examples(name)}
    return type(f"Test_{name}", (NodeContract,), body)


globals().update({f"Test_{name.replace('.', '_')}": contract(name) for name in BUILT_IN})


def test_every_built_in_plugin_can_be_used() -> None:
    assert {plugin.name: plugin.error for plugin in REGISTRY.plugins() if plugin.error} == {}


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_example_is_of_a_node_that_exists(name: str) -> None:
    assert name in BUILT_IN
