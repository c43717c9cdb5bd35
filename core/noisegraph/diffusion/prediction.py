"""What a network puts out, and how one prediction becomes another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from ..errors import NodeError
from .level import Level

if TYPE_CHECKING:
    from torch import Tensor

Prediction = Literal["eps", "x0", "v", "score", "flow"]
"""What a network puts out: the noise, the data, alpha eps - sigma x0, the score, or eps - x0."""


class Predicted(NamedTuple):
    """x0, and a learned variance in [0, 1] that interpolates from log beta-tilde to log beta."""

    x0: Tensor
    variance: Tensor | None = None
    unbound: Tensor | None = None
    """The data before they were brought into a range, if they were: some codes take the noise from these."""


def to_eps(x0: Tensor, x: Tensor, level: Level) -> Tensor:
    """The noise that x = alpha x0 + sigma eps implies; sigma > 0."""
    return (x - level.alpha * x0) / level.sigma


def to_x0(output: Tensor, x: Tensor, level: Level, prediction: Prediction) -> Tensor:
    """The data that a network's output implies at a level; inverts the definition of its prediction."""
    _, alpha, sigma = level
    if prediction == "x0":
        return output
    if alpha == 0 and prediction in ("eps", "score"):
        raise NodeError(
            f"a network that predicts {prediction} says nothing of the data where alpha is 0 (time {level.t:g})",
            "begin at a level that holds some signal, or use a network that predicts v or x0",
        )
    if prediction == "eps":
        return (x - sigma * output) / alpha
    if prediction == "score":
        return (x + sigma * sigma * output) / alpha
    if prediction == "v":
        return (alpha * x - sigma * output) / (alpha * alpha + sigma * sigma)
    return (x - sigma * output) / (alpha + sigma)


def from_x0(x0: Tensor, x: Tensor, level: Level, prediction: Prediction) -> Tensor:
    """What a network of that prediction would put out for this data: the inverse of `to_x0`; sigma > 0 but for x0."""
    if prediction == "x0":
        return x0
    noise = to_eps(x0, x, level)
    if prediction == "eps":
        return noise
    if prediction == "score":
        return -noise / level.sigma
    if prediction == "v":
        return level.alpha * noise - level.sigma * x0
    return noise - x0
