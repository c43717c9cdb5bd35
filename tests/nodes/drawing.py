"""What tests of the built-in networks share: nodes by their names, walks with them, and whether emoji can be drawn."""

from __future__ import annotations

import importlib.util
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.registry import Registry


def node(name: str) -> Any:
    """The function of a node, by the name that graphs use."""
    return Registry.installed().spec(name).function


def walked(made: Any, solver: ng.Sampler, denoiser: ng.Denoiser, *, steps: int, batch: int, seed: int = 0) -> ng.Latent:
    """What a solver draws with a built-in model, on levels even in time from pure noise."""
    levels = node("levels.uniform")(made.process, steps=steps, spacing="trailing")
    noise = node("latent.noise")(made.latent, seed=seed, batch=batch)
    with torch.no_grad():
        found: ng.Latent = node("sampler.sample")(solver, denoiser, noise, levels).run()
    return found


def emoji_can_be_drawn() -> bool:
    """Whether the font and the list of emoji are there, and who reads them."""
    if importlib.util.find_spec("noisegraph_training") is None:
        return False
    from noisegraph_training.emoji import FONT, LIST

    return FONT.exists() and LIST.exists()


needs_emoji = pytest.mark.skipif(
    not emoji_can_be_drawn(),
    reason="needs noisegraph-training and the packages fonts-noto-color-emoji, unicode-data and libraqm0",
)
