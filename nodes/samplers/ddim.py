"""Ancestral sampling and its deterministic limit: DDPM and DDIM, one step of q(x_s | x_t, x_0) at a time."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import noisegraph as ng
from pydantic import Field

from .state import Position


@ng.node(early=True)
def ddim(
    *, eta: Annotated[float, Field(ge=0, le=1)] = 0.0, reference: Literal["diffusers"] | None = None
) -> ng.Sampler:
    """DDIM (Song, Meng & Ermon 2021, eq. 12); deterministic at eta 0, as noisy as DDPM at eta 1.

    eta: the share of the posterior's standard deviation that is drawn anew.
    reference: where data are thresholded, diffusers keeps the noise that they implied before.
    """

    def step(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
        here, there = step.here, step.there
        x0, _, unbound = ng.predict(denoiser, state.x, here)
        implying = unbound if reference == "diffusers" and unbound is not None else x0
        spread = eta * math.sqrt(posterior_variance(here, there))
        kept = math.sqrt(max(there.sigma**2 - spread**2, 0.0))
        x = there.alpha * x0 + kept * ng.to_eps(implying, state.x, here)
        return Position(x + spread * step.noise() if spread > 0 else x)

    return ng.Sampler(Position, step, noisy=eta > 0, asks=ng.asks_here)


@ng.node(early=True)
def ddpm(
    *, variance: Literal["small", "large", "learned"] = "small", reference: Literal["diffusers"] | None = None
) -> ng.Sampler:
    """DDPM's ancestral sampling (Ho, Jain & Abbeel 2020, algorithm 2).

    variance: small is beta-tilde, large is beta, learned is the network's own between them (Nichol & Dhariwal 2021).
    reference: diffusers adds the large variance's noise to clean data too, unless the last step begins at index 0.
    """

    def step(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
        here, there = step.here, step.there
        x0, fraction, _ = ng.predict(denoiser, state.x, here)
        beta = transition_variance(here, there)
        weight = there.alpha * beta / here.sigma**2
        mean = weight * x0 + here.alpha / there.alpha * there.sigma**2 / here.sigma**2 * state.x
        if there.sigma == 0:
            noisy_end = reference == "diffusers" and variance == "large" and here.t > 0
            return Position(mean + math.sqrt(beta) * step.noise() if noisy_end else mean)
        small = posterior_variance(here, there)
        if variance != "learned":
            return Position(mean + math.sqrt(small if variance == "small" else beta) * step.noise())
        if fraction is None:
            raise ng.NodeError("the denoiser has no learned variance", "take variance small or large")
        log_variance = fraction * math.log(beta) + (1 - fraction) * math.log(small)
        return Position(mean + (log_variance / 2).exp() * step.noise())

    return ng.Sampler(Position, step, asks=ng.asks_here)


def transition_variance(here: ng.Level, there: ng.Level) -> float:
    """Var(x_here | x_there), there being less noisy: beta_t for neighbours of a discrete process."""
    return max(here.sigma**2 - (here.alpha / there.alpha * there.sigma) ** 2, 0.0)


def posterior_variance(here: ng.Level, there: ng.Level) -> float:
    """Var(x_there | x_here, x_0): beta-tilde_t (Ho et al. 2020, eq. 7)."""
    return transition_variance(here, there) * there.sigma**2 / here.sigma**2


NODES = (ddim, ddpm)
