"""Likelihoods as nodes: how probable a model finds data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import noisegraph as ng
from pydantic import Field

from .likelihoods.bound import Bound, Decoder, Unit, bound_loop
from .likelihoods.flow import Ends, FlowLikelihood, Reference, flow_loop, flow_of
from .likelihoods.reverse import Variance
from .likelihoods.trace import rademacher
from .samplers.dormand_prince import Tolerance

Seed = Annotated[int, Field(ge=0, lt=2**63)]
Error = Annotated[float, Field(ge=1e-12, le=1)]


@ng.node
def bound(
    denoiser: ng.Denoiser,
    data: ng.Latent,
    levels: ng.Levels,
    *,
    variance: Variance = "small",
    decoder: Decoder = "pixels",
    unit: Unit = "bits",
    seed: Seed | list[Seed] = 0,
) -> ng.Loop[Bound]:
    """The variational bound on -log p(data), term by term (Ho et al. 2020, eq. 5; Nichol & Dhariwal 2021).

    data: clean data in the model's own space; of pixels, k / 127.5 - 1.
    levels: from noise to clean data, of a variance-preserving process; all of them for the model's own bound.
    variance: of the reverse process, as sampler.ddpm's.
    decoder: the last step gives pixels a mass, or points a density.
    unit: bits per dimension, or nats an image.
    seed: image i has seed + i, or give a list with one seed an image.
    """
    here = levels[0]
    if abs(here.alpha**2 + here.sigma**2 - 1) > 1e-6:
        told = f"the variational bound of a process that does not preserve the variance (alpha {here.alpha:.3g},"
        raise ng.NodeError(f"{told} sigma {here.sigma:.3g})", "take likelihood.flow, which is of any process")
    if levels[-1].sigma > 0:
        raise ng.NodeError("the levels do not reach clean data", "take levels that end at data")
    return bound_loop(denoiser, data, levels, variance, decoder, unit, seed)


@ng.node
def flow(
    denoiser: ng.Denoiser,
    data: ng.Latent,
    process: ng.Process,
    *,
    trace: Literal["exact", "hutchinson"] = "exact",
    probes: Annotated[int, Field(ge=1, le=10_000)] = 1,
    rtol: Error = 1e-5,
    atol: Error = 1e-5,
    seed: Seed | list[Seed] = 0,
    reference: Reference | None = None,
) -> ng.Loop[FlowLikelihood]:
    """The exact log-likelihood by the probability-flow ODE (Song et al. 2021, appendix D.2).

    data: taken for the state at the process's least noisy level, whose density is found.
    trace: exact costs one backward pass a dimension; hutchinson estimates it (Grathwohl et al. 2019).
    probes: of the estimate, how many random directions are averaged.
    rtol: the relative error that an adaptive step may make.
    atol: the absolute error that it may make.
    seed: of the random directions; image i has seed + i, or give a list with one seed an image.
    reference: score_sde integrates over the process's time, and holds the batch as a whole to the tolerance.
    """
    ends = Ends.of(process)
    directions = None if trace == "exact" else rademacher(data, probes, seed)
    tolerance = Tolerance(rtol, atol, together=reference is not None)
    return flow_loop(denoiser, data, flow_of(process, ends, reference), ends, directions, tolerance)


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [bound, flow]
