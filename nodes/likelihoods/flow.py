"""The exact log-likelihood by the probability-flow ODE (Song et al. 2021, appendix D.2)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import noisegraph as ng

from ..samplers.dormand_prince import Slope, Tolerance, integrate
from .trace import traced

PURE_NOISE = 1e5
"""The sigma / alpha at which the way ends for processes that go on to pure noise, where y = x / alpha is lost."""
SEGMENTS = 50
"""The way is a loop of so many steps, each adaptive in itself."""


class FlowLikelihood(NamedTuple):
    """How likely data are, image by image."""

    log_density: ng.Tensor
    """log p(x) in nats, [batch]."""
    bits: ng.Tensor
    """-log p in bits per dimension of 8-bit pixels in [-1, 1], [batch]."""
    latent: ng.Latent
    """The noise that the flow leads the data to, [batch, ...]."""


class Carried(NamedTuple):
    """The flow's state and the logarithm of its change of volume in one matrix, and the width of the next step."""

    both: ng.Tensor
    width: float | None = None


@dataclass(frozen=True)
class Ends:
    """The least and the most noisy level of the way."""

    low: ng.Level
    high: ng.Level

    @classmethod
    def of(cls, process: ng.Process) -> Ends:
        """From the process's least noisy level to its noisiest, or to where that is as good as pure noise."""
        low, high = process.level(process.t_min), process.level(process.t_max)
        if low.sigma == 0:
            raise ng.NodeError(
                "the process ends at clean data, where points have no density", "give it a t_min above 0"
            )
        return cls(low, high if high.ratio <= PURE_NOISE else ng.at_ratio(process, PURE_NOISE))


class Flow(Protocol):
    """The probability flow over a clock of its own."""

    @property
    def clock(self) -> tuple[float, float]:
        """Where the clock stands at the least and at the most noisy level."""

    @property
    def segments(self) -> int:
        """In how many steps the way is cut."""

    def begin(self, x: ng.Tensor) -> ng.Tensor:
        """The flow's coordinate of data, which are taken for a state at the least noisy level."""

    def end(self, y: ng.Tensor) -> tuple[ng.Tensor, float]:
        """The state at the noisiest level, and the coordinates' part in the logarithm of the change of volume."""

    def slope(self, denoiser: ng.Denoiser, probes: ng.Tensor | None, like: ng.Tensor) -> Slope:
        """d(y, log volume) / d clock, for matrices [batch, dimensions + 1]."""


@dataclass(frozen=True)
class OverLogRatio:
    """dy/du = y - x0 for y = x / alpha, u = log(sigma / alpha): smooth for any process (Karras et al. 2022, eq. 4)."""

    process: ng.Process
    ends: Ends
    segments: int = SEGMENTS

    @property
    def clock(self) -> tuple[float, float]:
        """u at both ends."""
        return math.log(self.ends.low.ratio), math.log(self.ends.high.ratio)

    def begin(self, x: ng.Tensor) -> ng.Tensor:
        """x / alpha."""
        return x / self.ends.low.alpha

    def end(self, y: ng.Tensor) -> tuple[ng.Tensor, float]:
        """alpha y; the volume changes by alpha_T / alpha_0 along every dimension."""
        high, low = self.ends.high.alpha, self.ends.low.alpha
        return high * y, y[0].numel() * (math.log(high) - math.log(low))

    def slope(self, denoiser: ng.Denoiser, probes: ng.Tensor | None, like: ng.Tensor) -> Slope:
        """y - x0, and its divergence d - alpha tr(dx0/dx)."""

        def slope(u: float, both: ng.Tensor) -> ng.Tensor:
            level = self.process.at_log_snr(-2 * u)
            y = both[:, :-1].reshape(like.shape)
            x0, trace = traced(denoiser, level.alpha * y, level, probes)
            return joined(y - x0, y[0].numel() - level.alpha * trace)

        return slope


@dataclass(frozen=True)
class OverTime:
    """dx/dt = f x - g^2 score / 2 (Song et al. 2021, eq. 13), all at once, as score_sde integrates it."""

    process: ng.Process
    ends: Ends
    segments: int = 1

    @property
    def clock(self) -> tuple[float, float]:
        """The times of both ends."""
        return self.ends.low.t, self.ends.high.t

    def begin(self, x: ng.Tensor) -> ng.Tensor:
        """x itself."""
        return x

    def end(self, y: ng.Tensor) -> tuple[ng.Tensor, float]:
        """The state itself."""
        return y, 0.0

    def slope(self, denoiser: ng.Denoiser, probes: ng.Tensor | None, like: ng.Tensor) -> Slope:
        """The velocity, which is linear in x and in the predicted data, and its divergence."""

        def slope(t: float, both: ng.Tensor) -> ng.Tensor:
            level, x = self.process.level(t), both[:, :-1].reshape(like.shape)
            pull = self.process.diffusion(t) ** 2 / (2 * level.sigma**2)
            of_x, of_data = self.process.drift(t) + pull, -pull * level.alpha
            x0, trace = traced(denoiser, x, level, probes)
            return joined(of_x * x + of_data * x0, of_x * x[0].numel() + of_data * trace)

        return slope


def flow_loop(
    denoiser: ng.Denoiser, data: ng.Latent, flow: Flow, ends: Ends, probes: ng.Tensor | None, tolerance: Tolerance
) -> ng.Loop[FlowLikelihood]:
    """The way from data to noise in segments; log p(data) is the latent's, and the divergence along the way.

    probes: Hutchinson's directions [probes, batch, ...]; None for the exact trace.
    """
    first, last = flow.clock
    slope = flow.slope(denoiser, probes, data)

    def step(state: Carried, index: int) -> Carried:
        start, end = (first + (last - first) * place / flow.segments for place in (index, index + 1))
        return Carried(*integrate(slope, start, end, state.both, tolerance, state.width))

    def finish(state: Carried) -> FlowLikelihood:
        latent, change = flow.end(state.both[:, :-1].reshape(data.shape))
        return measured(ng.Latent(latent), state.both[:, -1] + change, ends)

    return ng.Loop(lambda: Carried(joined(flow.begin(data), data.new_zeros(len(data)))), step, flow.segments, finish)


def joined(y: ng.Tensor, volume: ng.Tensor) -> ng.Tensor:
    """One matrix [batch, dimensions + 1]."""
    import torch

    return torch.cat([y.flatten(1), volume[:, None]], 1)


def measured(latent: ng.Latent, change: ng.Tensor, ends: Ends) -> FlowLikelihood:
    """log p(data) from the latent's density and the change of volume.

    The latent's density is that of the noise that sampling begins with: a unit normal, or, where the signal does not
    fade (VE, EDM), one of standard deviation sigma.
    """
    dimensions = latent[0].numel()
    deviation = ends.high.sigma if ends.high.alpha >= ends.low.alpha else 1.0
    at_noise = -((latent / deviation) ** 2 + math.log(2 * math.pi * deviation**2)).flatten(1).sum(1) / 2
    log_density = at_noise + change
    bits = -log_density / (dimensions * math.log(2)) + math.log2(256 / 2)
    return FlowLikelihood(log_density, bits, latent)


Reference = Literal["score_sde"]


def flow_of(process: ng.Process, ends: Ends, reference: Reference | None) -> Flow:
    """The flow over log(sigma / alpha), or over time as the reference has it."""
    return OverLogRatio(process, ends) if reference is None else OverTime(process, ends)
