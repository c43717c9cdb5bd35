"""The variational bound on the likelihood, term by term, as DDPM and improved DDPM report it."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import noisegraph as ng

from .decoder import log_density, log_probability_of_pixels
from .reverse import Variance, clipped_variance, data_weight, reverse_log_variance, state_weight

Decoder = Literal["pixels", "density"]
Unit = Literal["bits", "nats"]


class Bound(NamedTuple):
    """An upper bound on -log p(x_0) of every image, and what it is the sum of."""

    total: ng.Tensor
    """[batch]."""
    prior: ng.Tensor
    """L_T, how far the noisiest level is from the normal that sampling begins with, [batch]."""
    terms: ng.Tensor
    """L_{T-1} ... L_0 from noise to data, [batch, steps]."""
    x0_error: ng.Tensor
    """The mean squared error of the predicted data in each step, [batch, steps]."""
    eps_error: ng.Tensor
    """That of the predicted noise."""


class Term(NamedTuple):
    """One step's part of the bound, in nats, and its errors; all [batch, steps so far]."""

    nats: ng.Tensor
    x0_error: ng.Tensor
    eps_error: ng.Tensor


def bound_loop(
    denoiser: ng.Denoiser,
    data: ng.Latent,
    levels: ng.Levels,
    variance: Variance,
    decoder: Decoder,
    unit: Unit,
    seed: int | list[int],
) -> ng.Loop[Bound]:
    """The bound as a loop over the steps, one evaluation each; the noise of a step is a function of seed and step."""

    def start() -> Term:
        return Term(*(data.new_zeros(len(data), 0) for _ in Term._fields))

    def step(state: Term, index: int) -> Term:
        import torch

        noise = ng.normal(ng.seeds_from(seed, len(data)), data, "bound", index)
        found = term(denoiser, data, levels, index, noise, variance, decoder)
        return Term(*(torch.cat([past, new[:, None]], 1) for past, new in zip(state, found, strict=True)))

    def finish(state: Term) -> Bound:
        return gathered(state, prior(data, levels[0]), unit, data[0].numel())

    return ng.Loop(start, step, levels.steps, finish)


def gathered(terms: Term, prior: ng.Tensor, unit: Unit, dimensions: int) -> Bound:
    """The bound of these terms; bits are bits per dimension, nats are an image's."""
    scale = 1 / (dimensions * math.log(2)) if unit == "bits" else 1.0
    total = prior + terms.nats.sum(1)
    return Bound(total * scale, prior * scale, terms.nats * scale, terms.x0_error, terms.eps_error)


def prior(data: ng.Tensor, level: ng.Level) -> ng.Tensor:
    """KL(q(x_T | x_0) || N(0, I)) in nats, [batch]; for variance-preserving processes."""
    variance = level.sigma**2
    mean = level.alpha * data
    return (variance - 1 - math.log(variance) + mean**2).flatten(1).sum(1) / 2


def term(
    denoiser: ng.Denoiser,
    data: ng.Tensor,
    levels: ng.Levels,
    index: int,
    noise: ng.Tensor,
    variance: Variance,
    decoder: Decoder = "pixels",
) -> Term:
    """KL(q(x_there | x_here, x_0) || p(x_there | x_here)), and -log p(x_0 | x_here) in the step to clean data."""
    here, there = levels[index], levels[index + 1]
    x = ng.noised(data, noise, here)
    x0, fraction, _ = ng.predict(denoiser, x, here)
    log_variance = data.new_zeros(()) + reverse_log_variance(levels, index, variance, fraction)
    predicted, exact = (data_weight(here, there) * one + state_weight(here, there) * x for one in (x0, data))
    if there.sigma == 0:
        log_likelihood = log_probability_of_pixels if decoder == "pixels" else log_density
        nats = -log_likelihood(data, predicted, log_variance)
    else:
        nats = divergence(exact, math.log(clipped_variance(levels, index)), predicted, log_variance)
    errors = (((one - other) ** 2).flatten(1).mean(1) for one, other in ((x0, data), (ng.to_eps(x0, x, here), noise)))
    return Term(nats.flatten(1).sum(1), *errors)


def divergence(mean: ng.Tensor, log_variance: float, other_mean: ng.Tensor, other: ng.Tensor) -> ng.Tensor:
    """KL(N(mean, e^log_variance) || N(other_mean, e^other)) of every number, in nats."""
    ratio = (log_variance - other).exp()
    return (other - log_variance - 1 + ratio + (mean - other_mean) ** 2 * (-other).exp()) / 2
