"""Forward processes as nodes: how data becomes noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import noisegraph as ng
from pydantic import Field

Steps = Annotated[int, Field(ge=2, le=100_000, description="T, how many noise levels the process has")]
Beta = Annotated[float, Field(gt=0, lt=1)]


@ng.node(early=True)
def linear(*, T: Steps = 1000, beta_start: Beta = 0.0001, beta_end: Beta = 0.02, zero_snr: bool = False) -> ng.Process:
    """Variance-preserving with linear betas (Ho et al. 2020).

    zero_snr: rescale so that the last level is pure noise (Lin et al. 2024).
    """
    return ng.DiscreteVP("linear", T, beta_start, beta_end, zero_snr)


@ng.node(early=True)
def scaled_linear(
    *, T: Steps = 1000, beta_start: Beta = 0.00085, beta_end: Beta = 0.012, zero_snr: bool = False
) -> ng.Process:
    """Variance-preserving, the square roots of the betas linear (Rombach et al. 2022, who call it linear).

    zero_snr: rescale so that the last level is pure noise (Lin et al. 2024).
    """
    return ng.DiscreteVP("scaled_linear", T, beta_start, beta_end, zero_snr)


@ng.node(early=True)
def cosine(*, T: Steps = 1000, zero_snr: bool = False) -> ng.Process:
    """Variance-preserving, alpha-bar a squared cosine (Nichol & Dhariwal 2021, eq. 17).

    zero_snr: rescale so that the last level is pure noise (Lin et al. 2024).
    """
    return ng.DiscreteVP("cosine", T, zero_snr=zero_snr)


@ng.node(early=True)
def sigmoid(*, T: Steps = 1000, beta_start: Beta = 0.0001, beta_end: Beta = 0.02, zero_snr: bool = False) -> ng.Process:
    """Variance-preserving with betas along a sigmoid (Xu et al. 2022).

    zero_snr: rescale so that the last level is pure noise (Lin et al. 2024).
    """
    return ng.DiscreteVP("sigmoid", T, beta_start, beta_end, zero_snr)


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [linear, scaled_linear, cosine, sigmoid]
