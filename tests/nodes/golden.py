"""Trajectories of the published reference implementations on analytic models, and how ours are compared with them.

The data lie in ../shared/golden beside the checkout, or where $NOISEGRAPH_GOLDEN says; tests are skipped without them.

    @pytest.mark.parametrize("case", cases("k_diffusion", "dpmpp_2m", lambda p: "wrapper" not in p))
    def test_dpmpp_2m_walks_as_k_diffusion(case: Case) -> None:
        agree(case, solve(case, dpmpp_2m()))
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

import noisegraph as ng
import numpy
import pytest
import torch
from noisegraph.testing.mixture import Mixture

FOLDER = Path(os.environ.get("NOISEGRAPH_GOLDEN", Path(__file__).parents[3] / "shared" / "golden"))
ABSENT = f"the golden trajectories are not there ({FOLDER}); set NOISEGRAPH_GOLDEN to their folder"
needs_golden = pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)

Params = Mapping[str, Any]
Row = Callable[[int, int], int]


@dataclass(frozen=True)
class Table:
    """A process known by its levels alone, t being sigma / alpha; for cases whose schedule is only told as numbers."""

    preserving: bool
    t_min: float = 0.0
    t_max: float = math.inf

    def level(self, t: float) -> ng.Level:
        """The level at sigma / alpha = t."""
        alpha = 1 / math.hypot(1, t) if self.preserving else 1.0
        return ng.Level(t, alpha, alpha * t)

    def at_log_snr(self, log_snr: float) -> ng.Level:
        """The level of the log-SNR."""
        return self.level(math.exp(-log_snr / 2))

    def drift(self, t: float) -> float:
        """d log alpha / dt."""
        return -t / (1 + t * t) if self.preserving else 0.0

    def diffusion(self, t: float) -> float:
        """The square root of d sigma^2/dt - 2 drift sigma^2."""
        return math.sqrt(2 * t / (1 + t * t)) if self.preserving else math.sqrt(2 * t)


@dataclass(frozen=True)
class Case:
    """One stored run of a reference: what it was asked (`meta`), and its arrays in float64."""

    meta: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The name of the case."""
        return str(self.meta["id"])

    @property
    def params(self) -> Params:
        """The reference's options that were set."""
        return self.meta["params"]

    @cached_property
    def arrays(self) -> Mapping[str, numpy.ndarray[Any, Any]]:
        """Every array of the case by name."""
        file = load(self.meta["file"])
        return {name: file[f"{self.id}::{name}"] for name in self.meta["arrays"]}

    def tensor(self, name: str) -> torch.Tensor:
        """One array as a float64 tensor."""
        return torch.from_numpy(numpy.asarray(self.arrays[name], dtype=numpy.float64))

    @cached_property
    def model(self) -> Mixture:
        """The mixture that the reference was run on."""
        return mixture(self.meta["gmm"])

    @cached_property
    def process(self) -> ng.Process:
        """A process that knows a level by its sigma / alpha."""
        return Table(preserving=self.meta["space"] == "vp")

    @cached_property
    def levels(self) -> ng.Levels:
        """The stored grid."""
        return self.along(self.arrays["grid_alpha"], self.arrays["grid_sigma"])

    def along(self, alphas: Any, sigmas: Any) -> ng.Levels:
        """A grid of these levels."""
        points = [(float(a), float(s)) for a, s in zip(alphas, sigmas, strict=True)]
        return ng.Levels(tuple(ng.Level(s / a if a else math.inf, a, s) for a, s in points), self.process)

    @cached_property
    def denoiser(self) -> ng.Denoiser:
        """The exact denoiser, guided as the case says (`cfg`: away + scale (toward - away))."""
        cfg = self.params.get("cfg")
        if cfg is None:
            return self.model.denoiser()
        return guided(self.model, cfg["cls"], cfg["scale"])

    @cached_property
    def start(self) -> torch.Tensor:
        """The state at the first level; EDM's cases store a unit normal."""
        return self.tensor("xT") if "xT" in self.arrays else self.tensor("z") * self.levels[0].sigma


@dataclass(frozen=True)
class Solved:
    """The sampler's states at all nodes, the first being the start, and what the denoiser was asked in every step."""

    states: tuple[Any, ...]
    asked: tuple[tuple[Asked, ...], ...]

    @property
    def trajectory(self) -> tuple[torch.Tensor, ...]:
        """x at all nodes."""
        return tuple(state.x for state in self.states)

    @property
    def x(self) -> torch.Tensor:
        """The result."""
        return self.trajectory[-1]

    @property
    def churned(self) -> tuple[torch.Tensor, ...]:
        """Where every step asks first, which is after its churn; and the result."""
        return (*(step[0].x for step in self.asked), self.x)


class Asked(NamedTuple):
    """A question to the denoiser and its answer."""

    x: torch.Tensor
    x0: torch.Tensor


class Listening:
    """A denoiser that writes down what it is asked."""

    def __init__(self, denoiser: ng.Denoiser) -> None:
        self.denoiser = denoiser
        self.asked: list[Asked] = []

    def __call__(self, x: torch.Tensor, level: ng.Level) -> torch.Tensor:
        return self.predict(x, level).x0

    def predict(self, x: torch.Tensor, level: ng.Level) -> ng.Predicted:
        found = ng.predict(self.denoiser, x, level)
        self.asked.append(Asked(x, found.x0))
        return found


@cache
def load(name: str) -> Any:
    """A JSON or npz file of the folder."""
    path = FOLDER / name
    return json.loads(path.read_text()) if path.suffix == ".json" else numpy.load(path)


@cache
def mixture(name: str) -> Mixture:
    """A mixture by the name that the cases give it."""
    found = load("gmm.json")[name]
    return Mixture.of(found["w"], found["mu"], found["cov"])


def guided(model: Mixture, component: int, scale: float) -> ng.Denoiser:
    """Classifier-free guidance towards one component."""
    toward, away = model.denoiser(component), model.denoiser()
    return lambda x, level: away(x, level) + scale * (toward(x, level) - away(x, level))


def cases(group: str, sampler: str | None = None, where: Callable[[Params], bool] = lambda params: True) -> list[Any]:
    """The cases of a group and sampler whose params `where` takes, for `pytest.mark.parametrize("case", ...)`.

    Where the folder is there but nothing is found, this fails: a misspelt name must not pass for a passed test.
    """
    if not FOLDER.is_dir():
        return [pytest.param(None, marks=pytest.mark.skip(reason=ABSENT))]
    wanted = [case for case in load("cases.json") if case["group"] == group and sampler in (None, case["sampler"])]
    found = [Case(case) for case in wanted if where(case["params"])]
    if not found:
        raise LookupError(f"no golden case of {group} / {sampler}")
    return [pytest.param(case, id=case.id) for case in found]


def solve(
    case: Case,
    sampler: ng.Sampler,
    *,
    levels: ng.Levels | None = None,
    denoiser: ng.Denoiser | None = None,
    start: torch.Tensor | None = None,
    row: Row | None = None,
) -> Solved:
    """Walk the case's levels from its start with our sampler, replaying the stored noise.

    row: row(step, draw) -> which stored row a draw of a step uses; evenly many a step, in order, if not told.
    `step.path` replays like the draws do, its calls within a step being numbered from 0.
    """
    levels = levels or case.levels
    rows = case.tensor("noise") if "noise" in case.arrays else None
    each = 1 if rows is None else max(len(rows) // levels.steps, 1)
    row = row or (lambda index, draw: index * each + draw)
    states, asked = [sampler.init(case.start if start is None else start)], []
    for index in range(levels.steps):
        listening = Listening(denoiser or case.denoiser)
        states.append(sampler.step(listening, states[-1], _replayed(levels, index, rows, row, states[-1].x)))
        asked.append(tuple(listening.asked))
        if sampler.finished is not None and sampler.finished(states[-1]):
            break
    return Solved(tuple(states), tuple(asked))


def _replayed(levels: ng.Levels, index: int, rows: torch.Tensor | None, row: Row, like: torch.Tensor) -> ng.Step:
    calls = iter(range(1_000_000))

    def noise(draw: int = 0) -> torch.Tensor:
        assert rows is not None, "the sampler draws noise where the reference drew none"
        return rows[row(index, draw)].reshape(like.shape)

    return ng.Step(levels, index, noise=noise, path=lambda start, end: noise(next(calls)))


def agree(
    case: Case,
    solved: Solved,
    *,
    trajectory: Sequence[torch.Tensor] | None = None,
    nodes: Sequence[int] | None = None,
    predicted: Sequence[torch.Tensor] | None = None,
) -> None:
    """The result, every node on the way, and the predicted data are the reference's to the case's tolerance.

    trajectory: what the reference stores of ours, if not x at all nodes.
    nodes: where ours are among the stored nodes, for references that store what lies within a step too.
    predicted: the data that the reference stores for each step, if not what the denoiser answers first.
    """
    close(case, solved.x, "x_final")
    if "traj" in case.arrays:
        close(case, torch.stack(tuple(trajectory or solved.trajectory)), "traj", nodes)
    if "x0_pred" in case.arrays:
        close(case, torch.stack(tuple(predicted or [step[0].x0 for step in solved.asked])), "x0_pred")


def every_second(case: Case) -> list[int]:
    """The nodes of steps with two evaluations, but for the last, which has one."""
    last = len(case.arrays["traj"]) - 1
    return [*range(0, last, 2), last]


def close(case: Case, ours: torch.Tensor, name: str, nodes: Sequence[int] | None = None) -> None:
    """Ours is the stored array, or these of its rows, to the case's tolerance."""
    stored = case.tensor(name) if nodes is None else case.tensor(name)[list(nodes)]
    bound = case.meta["atol_f64"] * max(1.0, case.meta["scale"])
    difference = float((ours.reshape(stored.shape) - stored).abs().max())
    assert difference <= bound, f"{case.id}: {name} differs by {difference:.2e}, more than {bound:.0e}"
