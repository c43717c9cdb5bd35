"""The reverse-time SDE, and Langevin steps that correct what its discretization gets wrong (Song et al. 2021)."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import noisegraph as ng
from pydantic import Field

from .correctors import CORRECTORS
from .discretization import Discretize, Reference, Transition, exact, score_sde, score_sde_euler_maruyama
from .discretization import euler_maruyama as euler_maruyama_transition
from .state import Position

Predictor = Literal["reverse_diffusion", "euler_maruyama", "ancestral", "none"]
Randomness = Annotated[float, Field(ge=0, le=1)]


@ng.node(early=True)
def reverse_diffusion(*, randomness: Randomness = 1.0, reference: Reference | None = None) -> ng.Sampler:
    """The reverse SDE, discretized as the forward one is (Song et al. 2021, appendix E).

    randomness: lambda: 1 is the SDE, 0 the probability flow, between them a family of the same marginals.
    reference: score_sde takes the transitions of N levels of its own, not of the grid's.
    """
    return _sampler("reverse_diffusion", randomness, reference)


@ng.node(early=True)
def euler_maruyama(*, randomness: Randomness = 1.0, reference: Reference | None = None) -> ng.Sampler:
    """The reverse SDE dx = (f x - g^2 score) dt + g dw by Euler's and Maruyama's method in the process's time.

    randomness: lambda: 1 is the SDE, 0 the probability flow, between them a family of the same marginals.
    reference: score_sde steps by T / N, whatever the grid.
    """
    return _sampler("euler_maruyama", randomness, reference)


@ng.node(early=True)
def predictor_corrector(
    *,
    predictor: Predictor = "reverse_diffusion",
    corrector: Literal["langevin", "annealed"] = "langevin",
    snr: Annotated[float, Field(gt=0)] = 0.16,
    corrections: Annotated[int, Field(ge=0, le=1000)] = 1,
    reference: Reference | None = None,
) -> ng.Sampler:
    """Predictor-corrector sampling (Song et al. 2021, algorithms 2 to 5): at each level Langevin steps, then one on.

    predictor: the step to the next level: a reverse-SDE sampler, ancestral sampling, or none.
    corrector: langevin sizes its steps by the score's norm, annealed by sigma (NCSN).
    snr: r, the ratio of a Langevin step's signal to its noise.
    corrections: M, how many Langevin steps a level gets.
    reference: score_sde's transitions; and norms averaged over the batch, so that images depend on one another.
    """
    return _sampler(predictor, 1.0, reference, corrector, snr, corrections)


def _sampler(
    predictor: Predictor,
    randomness: float,
    reference: Reference | None,
    corrector: str = "langevin",
    snr: float = 0.16,
    corrections: int = 0,
) -> ng.Sampler:
    discretize = _discretization(predictor, reference)
    correct = CORRECTORS[corrector]

    def step(denoiser: ng.Denoiser, state: Position, step: ng.Step) -> Position:
        over, x = discretize(step), state.x
        # The corrector's steps shrink with the signal that a step keeps (algorithm 5): by alpha = 1 - beta, or 1 in VE.
        alpha = (score_sde(step) if reference else exact(step)).scale ** 2 if corrections else 1.0
        for draw in range(1, corrections + 1):
            score = ng.score(denoiser, x, step.here)
            x = correct(x, score, step.noise(draw), step.here, snr, alpha, together=reference is not None)
        if predictor == "none":
            return Position(x)
        return Position(_predicted(denoiser, x, step, over, predictor == "ancestral", randomness))

    return ng.Sampler(Position, step, noisy=randomness > 0, asks=ng.asks_here)


def _discretization(predictor: Predictor, reference: Reference | None) -> Discretize:
    if predictor == "euler_maruyama":
        return score_sde_euler_maruyama if reference else euler_maruyama_transition
    return score_sde if reference else exact


def _predicted(
    denoiser: ng.Denoiser, x: ng.Tensor, step: ng.Step, over: Transition, ancestral: bool, randomness: float
) -> ng.Tensor:
    """One step of the reverse chain; without noise where it ends at clean data."""
    pull = (1 + randomness**2) / 2 * over.variance * ng.score(denoiser, x, step.here)
    mean = (x + pull) / over.scale if ancestral else (2 - over.scale) * x + pull
    deviation = randomness * math.sqrt(over.ancestral if ancestral else over.variance)
    if step.there.sigma == 0 or deviation == 0:
        return mean
    return mean + deviation * step.path(math.exp(step.here.log_snr), math.exp(step.there.log_snr))


NODES = (reverse_diffusion, euler_maruyama, predictor_corrector)
