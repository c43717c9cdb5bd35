"""Forward processes as nodes: how data becomes noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import noisegraph as ng
from pydantic import Field

Steps = Annotated[int, Field(ge=2, le=100_000, description="T, how many noise levels the process has")]
Beta = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
Tokens = Annotated[int, Field(ge=1)]


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


@ng.node(early=True)
def vp(*, beta_min: Positive = 0.1, beta_max: Positive = 20.0, t_min: Positive = 1e-3) -> ng.Process:
    """The variance-preserving SDE in continuous time (Song et al. 2021, eq. 11).

    t_min: the time nearest to data at which a network is asked.
    """
    return ng.ContinuousVP(beta_min, beta_max, t_min)


@ng.node(early=True)
def sub_vp(*, beta_min: Positive = 0.1, beta_max: Positive = 20.0, t_min: Positive = 1e-3) -> ng.Process:
    """The sub-variance-preserving SDE (Song et al. 2021, eq. 13).

    t_min: the time nearest to data at which a network is asked.
    """
    return ng.SubVP(beta_min, beta_max, t_min)


@ng.node(early=True)
def ve(*, sigma_min: Positive = 0.01, sigma_max: Positive = 50.0, t_min: Positive = 1e-5) -> ng.Process:
    """The variance-exploding SDE, sigma geometric in time (Song et al. 2021, eq. 30).

    t_min: the time nearest to data at which a network is asked.
    """
    return ng.GeometricVE(sigma_min, sigma_max, t_min)


@ng.node(early=True)
def edm(*, sigma_min: Positive = 0.002, sigma_max: Positive = 80.0) -> ng.Process:
    """Noise of growing sigma, which is the time (Karras et al. 2022)."""
    return ng.EDM(sigma_min, sigma_max)


@ng.node(early=True)
def flow(*, shift: Positive = 1.0, t_min: Positive = 1e-3) -> ng.Process:
    """Rectified flow: the straight way between data and noise (Liu et al. 2023).

    shift: above 1, more of the steps are spent on noisy levels (Esser et al. 2024, eq. 23).
    """
    return ng.Flow(shift, t_min)


@ng.node(early=True)
def flow_by_area(like: ng.Shape, *, patch: Tokens = 2, trained: Tokens = 1024, t_min: Positive = 1e-3) -> ng.Process:
    """Rectified flow, shifted by the square root of how much larger the picture is (Esser et al. 2024, eq. 23).

    like: the shape of one latent, (channels, height, width).
    patch: the side of the patches that the network makes tokens of.
    trained: how many tokens the pictures had that need no shift.
    """
    return ng.Flow(ng.shift_by_area(_tokens(like, patch), trained), t_min)


@ng.node(early=True)
def flow_by_length(
    like: ng.Shape,
    *,
    patch: Tokens = 2,
    least: Tokens = 256,
    most: Tokens = 4096,
    low: float = 0.5,
    high: float = 1.15,
    t_min: Positive = 1e-3,
) -> ng.Process:
    """Rectified flow, the logarithm of its shift linear in the number of tokens (as FLUX.1 has it).

    like: the shape of one latent, (channels, height, width).
    patch: the side of the patches that the network makes tokens of.
    low: the logarithm of the shift where there are `least` tokens.
    high: the logarithm of the shift where there are `most`.
    """
    if least >= most:
        raise ng.NodeError(f"from {least} to {most} tokens", "least is the smaller")
    return ng.Flow(ng.shift_by_length(_tokens(like, patch), least, most, low, high), t_min)


def _tokens(like: ng.Shape, patch: int) -> int:
    if len(like.sizes) != 3:
        raise ng.NodeError(f"a shape of {len(like.sizes)} sizes", "wire one of (channels, height, width)")
    _, height, width = like.sizes
    return max(height // patch, 1) * max(width // patch, 1)


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [linear, scaled_linear, cosine, sigmoid, vp, sub_vp, ve, edm, flow, flow_by_area, flow_by_length]
