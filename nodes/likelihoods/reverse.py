"""The reverse process of DDPM as a Gaussian: the mean and variance of p(x_there | x_here)."""

from __future__ import annotations

import math
from typing import Literal

import noisegraph as ng

from ..samplers.ddim import posterior_variance, transition_variance

Variance = Literal["small", "large", "learned"]
"""beta-tilde, beta, or the network's own between their logarithms (Nichol & Dhariwal 2021, eq. 15)."""


def reverse_log_variance(
    levels: ng.Levels, index: int, variance: Variance, fraction: ng.Tensor | None
) -> ng.Tensor | float:
    """log Var(x_there | x_here) of step `index`.

    In the last step, to clean data, where beta-tilde is 0, small and large both are the beta-tilde of the step before,
    and learned goes from that to beta, as in guided-diffusion.
    """
    here, there = levels[index], levels[index + 1]
    log_small = math.log(clipped_variance(levels, index))
    if variance == "small" or (variance == "large" and there.sigma == 0):
        return log_small
    log_large = math.log(transition_variance(here, there))
    if variance == "large":
        return log_large
    if fraction is None:
        raise ng.NodeError("the denoiser has no learned variance", "take variance small or large")
    return fraction * log_large + (1 - fraction) * log_small


def clipped_variance(levels: ng.Levels, index: int) -> float:
    """beta-tilde of step `index`; of the step before it, where clean data are reached in this one (Ho et al. 2020)."""
    if levels[index + 1].sigma > 0:
        return posterior_variance(levels[index], levels[index + 1])
    if index == 0:
        raise ng.NodeError("a single step to clean data has no variance", "give levels of two steps or more")
    return posterior_variance(levels[index - 1], levels[index])


def data_weight(here: ng.Level, there: ng.Level) -> float:
    """What x_0 is multiplied by in the mean of q(x_there | x_here, x_0) (Ho et al. 2020, eq. 7)."""
    return there.alpha * transition_variance(here, there) / here.sigma**2


def state_weight(here: ng.Level, there: ng.Level) -> float:
    """What x_here is multiplied by in that mean."""
    return here.alpha / there.alpha * there.sigma**2 / here.sigma**2
