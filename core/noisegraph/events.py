"""What happens in a run, as a closed union of frozen dataclasses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from .errors import Problem


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The run begins: how many tasks there are, will run, and are served or hidden by the cache."""

    tasks: int
    to_run: int
    cached: int


@dataclass(frozen=True, slots=True)
class NodeStarted:
    """A node begins; `steps` is 0 where it does not loop."""

    node: str
    use: str


@dataclass(frozen=True, slots=True)
class NodeStepped:
    """A loop did step `step` (counted from 1) of `of`; `cached` where its state came from the cache.

    `preview()` gives an approximate picture [batch, 3, height, width] in [0, 1], or None where the loop has none.
    """

    node: str
    step: int
    of: int
    cached: bool
    preview: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class NodeFinished:
    """A node gave its value, after `seconds`."""

    node: str
    seconds: float


@dataclass(frozen=True, slots=True)
class NodeCached:
    """A node's value was served by the cache, from `tier` ("memory" or "disk")."""

    node: str
    tier: str


@dataclass(frozen=True, slots=True)
class NodeFailed:
    """A node failed; `kind` is error, type, mutated, exited, memory or blocked (it needs one that failed).

    `message` tells what and what to try, `inputs` shapes, dtypes and devices, `traceback` only the frames of the node's
    own code and below, `full_traceback` all of them.
    """

    node: str
    use: str
    kind: str
    message: str
    inputs: Mapping[str, str]
    traceback: str = ""
    full_traceback: str = ""


@dataclass(frozen=True, slots=True)
class Warned:
    """Something went wrong that the run survives: a damaged cache entry, a full disk, NaN in a result."""

    node: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The run is over. `results` holds one Result per point of the sweep (one in all without a sweep)."""

    results: tuple[Any, ...]
    failed: int
    seconds: float


Event: TypeAlias = (
    RunStarted | NodeStarted | NodeStepped | NodeFinished | NodeCached | NodeFailed | Warned | RunFinished
)
