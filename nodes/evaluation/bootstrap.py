"""Intervals of confidence by the bootstrap: how far a figure moves when other examples might have been drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, NamedTuple

import noisegraph as ng
from pydantic import Field

Seed = Annotated[int, Field(ge=0, lt=2**63)]
Resamples = Annotated[int, Field(ge=10, le=100_000)]
Kinds = Annotated[int, Field(ge=1, le=65536)]


class Estimate(NamedTuple):
    """A figure and the ends of its 95 % interval."""

    value: float
    low: float
    high: float


def estimated(
    statistic: Callable[..., float],
    samples: Sequence[ng.Tensor],
    resamples: int,
    seed: int,
    kinds: Sequence[int],
) -> Estimate:
    """The statistic of the samples [each its own number of rows, ...], and its 95 % interval (Efron 1979).

    kinds: of how many kinds the rows of each sample are, in turn; a resample has as many of each.
    Raises NodeError where these do not divide its rows.
    The interval is what the statistic of resampled rows spreads over, moved to where the value is: a resample has fewer
    different rows, which moves figures like the Frechet distance.
    """
    import torch

    pairs = list(zip(samples, kinds, strict=True))
    for sample, number in pairs:
        if len(sample) % number:
            raise ng.NodeError(f"{len(sample)} pictures of {number} kinds in turn", "draw as many of each kind")
    value = statistic(*samples)
    draws = []
    for index in range(resamples):
        rows = (sample[_rows(len(sample), seed, index, place, number)] for place, (sample, number) in enumerate(pairs))
        draws.append(statistic(*rows))
    spread = torch.tensor(draws, dtype=torch.float64)
    low, high = (spread - spread.mean()).quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return Estimate(value, value + low, value + high)


def mean_of(values: ng.Tensor, resamples: int, seed: int) -> Estimate:
    """The mean of numbers [count], and its interval."""
    return estimated(lambda drawn: float(drawn.mean()), [values.detach().cpu().double()], resamples, seed, (1,))


def _rows(count: int, seed: int, index: int, place: int, kinds: int) -> ng.Tensor:
    """`count` rows drawn with replacement, each for one of its kind, a function of the numbers alone."""
    import torch
    from numpy.random import Generator, Philox

    drawn = Generator(Philox(key=seed, counter=[0, 0, place, index])).integers(count // kinds, size=count)
    return torch.from_numpy(drawn) * kinds + torch.arange(count, device="cpu") % kinds
