"""What a sampler is: a pair of pure functions over an explicit state, and the step that it is handed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from .denoiser import Denoiser
from .level import Level, Levels, Process

if TYPE_CHECKING:
    from torch import Tensor


class Noise(Protocol):
    """Noise of a step: `noise()` and `noise(1)` are independent standard normals with the state's shape and dtype."""

    def __call__(self, draw: int = 0) -> Tensor: ...


class Path(Protocol):
    """The increment of one Brownian motion from `start` to `end`, divided by sqrt(|end - start|): standard normal.

    The clock is the solver's: a number > 0 that rises along its walk. Unlike `noise`, it does not depend on the steps.
    """

    def __call__(self, start: float, end: float) -> Tensor: ...


@dataclass(frozen=True)
class Step:
    """One step: from `here` to `there`, the `index`-th (from 0) of `total` on the grid."""

    levels: Levels
    index: int
    noise: Noise
    path: Path

    @property
    def here(self) -> Level:
        """The level that the state is at."""
        return self.levels[self.index]

    @property
    def there(self) -> Level:
        """The level to go to."""
        return self.levels[self.index + 1]

    @property
    def total(self) -> int:
        """How many steps the grid has."""
        return self.levels.steps

    @property
    def process(self) -> Process:
        """The process that the levels are of."""
        return self.levels.process


class Sampler(NamedTuple):
    """`init(x)` makes the state of noise x [batch, ...]; `step(denoiser, state, step)` gives the next state.

    The state is a NamedTuple of tensors, numbers or None, its first field `x`. Both functions are pure: no global
    random generator, nothing changed in place, all memory in the state. A step reads its own and earlier levels only.
    """

    init: Callable[[Tensor], Any]
    step: Callable[[Denoiser, Any, Step], Any]
    noisy: bool = True
    """Whether a step draws noise; where not, runs with different seeds for the steps share their steps."""
    finished: Callable[[Any], bool] | None = None
    """For adaptive methods: whether the state has arrived."""
    walks: Literal["down", "up", "both"] = "down"
    """Which way the noise of its levels goes; "up" for an inversion, "both" where levels are visited again."""
    asks: Callable[[Level, Level], tuple[Level, Level]] | None = None
    """asks(here, there): the first and last level at which a step asks the denoiser. None: from `here` to `there`.

    Runs whose denoisers agree on that range share the step, so that `asks_here` shares one more than None does.
    """


def asks_here(here: Level, there: Level) -> tuple[Level, Level]:
    """For samplers that ask the denoiser at `here` alone."""
    return here, here
