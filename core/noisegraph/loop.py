"""A loop as data: what a node returns to iterate, and what the runner drives step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Result = TypeVar("Result", covariant=True)


@dataclass(frozen=True)
class Loop(Generic[Result]):
    """`total` steps from `start()` to `finish(state)`.

    The state is a NamedTuple (or tuple, dict, dataclass) of tensors and numbers; a step returns a new one and changes
    nothing in place. `start`, `step`, `finish` may be called again from any stored state, in another process.
    """

    start: Callable[[], Any]
    step: Callable[[Any, int], Any]
    total: int
    finish: Callable[[Any], Result]
    reads: Callable[[int], tuple[Any, ...]] | None = None
    """What step `index` depends on beside the state before it: numbers, strings and values that came in through the
    node's ports. Two loops whose starts and first k readings agree share k steps. None: on all that the node read."""
    begins: tuple[Any, ...] = ()
    """What the first state depends on, in the same terms as `reads`; used only together with it."""
    done: Callable[[Any], bool] | None = None
    """For adaptive loops: true once no further step is needed; `total` is then the most steps allowed."""
    preview: Callable[[Any], Any] | None = None
    """An approximate picture of a state, [batch, 3, height, width] in [0, 1]; called only when somebody looks."""

    def __post_init__(self) -> None:
        if type(self.total) is not int or self.total < 0:
            raise ValueError(f"a loop's total is a whole number of steps, 0 or more, found {self.total!r}")

    def run(self) -> Result:
        """What all steps lead to: for tests and for loops within a node, as nothing is stored or told on the way."""
        state = self.start()
        for index in range(self.total):
            if self.done is not None and self.done(state):
                break
            state = self.step(state, index)
        return self.finish(state)


@dataclass(frozen=True)
class Later:
    """Stands for a value that is not there yet while a graph is planned; an `early` node may hold it, not read it."""

    reading: bytes
    """What stands for the value in a key."""
