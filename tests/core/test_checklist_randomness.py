"""Seeds and nothing else decide: shown with the built-in digit model, through whole runs of the engine."""

from __future__ import annotations

import copy
import json
import random
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NamedTuple

import noisegraph as ng
import numpy
import pytest
import torch
from noisegraph.check import check
from noisegraph.events import NodeStepped
from noisegraph.graph import find, parse
from noisegraph.plan import Plan, plan
from noisegraph.registry import Local, Registry
from noisegraph.run import run
from noisegraph.store.cache import Cache

from .conftest import CPU, Told

STEPS = 5
MULTISTEP = ("dpmpp_3m", "unipc", "lms", "plms")
STOCHASTIC = ("ddpm", "euler_ancestral", "dpmpp_sde", "dpmpp_2m_sde")


class Drawn(NamedTuple):
    """The noise of one step, as a sampler's state."""

    x: torch.Tensor


@ng.node
def noise_alone(*, draw: int = 0) -> ng.Sampler:
    """Each step's state is the noise that it draws, and nothing else."""
    return ng.Sampler(Drawn, lambda denoiser, state, step: Drawn(step.noise(draw)))


@cache
def registry() -> Registry:
    """The nodes of noisegraph, and the one above."""
    own = [entry for entry in entry_points(group="noisegraph") if entry.value.startswith("noisegraph.")]
    return Registry([*own, Local("spy", [noise_alone])])


class Digits:
    """The digit graph over one cache, with another sampler."""

    def __init__(self, folder: Path | None = None) -> None:
        self.registry = registry()
        self.cache = Cache(10**8, folder)

    def plan(self, sampler: str, until: str | None = "drawn", **given: Any) -> Plan:
        data: dict[str, Any] = copy.deepcopy(dict(find("digit").data))
        data["nodes"]["solver"] = {"use": sampler if "." in sampler else f"sampler.{sampler}"}
        given = {"steps": STEPS, **given}
        return plan(check(parse(json.dumps(data)), self.registry, given, until), CPU)

    def drawn(self, sampler: str, until: str | None = "drawn", **given: Any) -> torch.Tensor:
        told = Told(list(run(self.plan(sampler, until, **given), self.cache)))
        assert not told.failed, told.failed
        (value,) = told.outputs.values()
        assert isinstance(value, torch.Tensor)
        return value

    def stopped(self, sampler: str, at: int, **given: Any) -> None:
        """Run to step `at`, and no further."""
        events = run(self.plan(sampler, **given), self.cache)
        for event in events:
            if isinstance(event, NodeStepped) and event.step == at:
                break
        events.close()  # type: ignore[attr-defined]

    def first_step(self, sampler: str, **given: Any) -> int:
        """Which step a run tells first: what it went on from, where it did."""
        told = Told(list(run(self.plan(sampler, **given), self.cache)))
        return told.steps[0]


@pytest.mark.parametrize("sampler", [*MULTISTEP, *STOCHASTIC])
def test_c85_the_same_seed_gives_the_same_bits(sampler: str) -> None:
    first, second = (Digits().drawn(sampler, seed=3, count=2) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, Digits().drawn(sampler, seed=4, count=2))


@pytest.mark.parametrize("sampler", ["dpmpp_3m", "ddpm", "dpmpp_sde"])
def test_c86_an_image_of_a_batch_is_the_single_run_of_its_own_seed(sampler: str) -> None:
    digits = Digits()
    together, start = (digits.drawn(sampler, until, seed=11, count=3) for until in ("drawn", "noise"))
    for image in range(3):
        alone, began = (digits.drawn(sampler, until, seed=11 + image, count=1) for until in ("drawn", "noise"))
        assert torch.equal(began[0], start[image])
        torch.testing.assert_close(alone[0], together[image], rtol=0, atol=1e-6)
    assert torch.equal(digits.drawn(sampler, "noise", seed=[13, 11]), start[[2, 0]])


def test_c87_noise_depends_on_no_batch_no_dtype_and_on_nothing_drawn_before() -> None:
    shape = (3, 4, 4)
    alone = ng.normal([9], torch.empty(1, *shape), "step", step=5, draw=1)
    for seeds in ([9, 1], [1, 2, 9], [9] * 5):
        drawn = ng.normal(seeds, torch.empty(len(seeds), *shape), "step", step=5, draw=1)
        assert torch.equal(drawn[seeds.index(9)], alone[0])
    for step in range(5):
        ng.normal([9], torch.empty(1, *shape), "step", step=step)
    assert torch.equal(ng.normal([9], torch.empty(1, *shape), "step", step=5, draw=1), alone)
    wide = ng.normal([9], torch.empty(1, *shape, dtype=torch.float64), "step", step=5, draw=1)
    assert torch.equal(wide.float(), alone), "one draw, rounded to the dtype that is asked for"


def test_c87_the_noise_of_a_step_does_not_depend_on_how_a_run_came_to_it(tmp_path: Path) -> None:
    straight = Digits().drawn("spy.noise_alone", seed=5)
    digits = Digits(tmp_path)
    digits.stopped("spy.noise_alone", 2, seed=5)
    assert torch.equal(Digits(tmp_path).drawn("spy.noise_alone", seed=5), straight)


def _states() -> tuple[Any, ...]:
    name, keys, *rest = numpy.random.get_state(legacy=True)
    return torch.random.get_rng_state().tolist(), random.getstate(), (name, tuple(keys), *rest)


@pytest.mark.parametrize("sampler", ["ddpm", "dpmpp_2m_sde"])
def test_c88_a_run_neither_touches_nor_heeds_the_global_generators(sampler: str) -> None:
    results = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        random.seed(seed)
        numpy.random.seed(seed)
        before = _states()
        results.append(Digits().drawn(sampler, seed=8))
        assert _states() == before
    assert torch.equal(*results)


def test_c89_the_noise_of_a_step_is_never_that_of_the_start_nor_of_another_step() -> None:
    digits = Digits()
    seen = [digits.drawn("spy.noise_alone", "noise", seed=2)]
    seen += [digits.drawn("spy.noise_alone", seed=2, steps=steps) for steps in range(1, 9)]
    rows = torch.stack([one.flatten() for one in seen])
    assert rows.shape == (9, 64)
    likeness = torch.corrcoef(rows) - torch.eye(9)
    assert likeness.abs().max() < 0.6, "64 independent numbers a row"
    assert rows.std() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("sampler", [*MULTISTEP, *STOCHASTIC])
def test_c90_stopped_after_any_step_and_gone_on_with_is_the_straight_run(sampler: str, tmp_path: Path) -> None:
    straight = Digits().drawn(sampler, seed=6, count=2)
    for at in range(1, STEPS):
        folder = tmp_path / str(at)
        Digits(folder).stopped(sampler, at, seed=6, count=2)
        assert Digits(folder).first_step(sampler, seed=6, count=2) == at
        assert torch.equal(Digits(folder).drawn(sampler, seed=6, count=2), straight)


@pytest.mark.parametrize("sampler", ["dpmpp_3m", "dpmpp_sde"])
def test_c90_stopped_after_every_single_step_is_the_straight_run_too(sampler: str, tmp_path: Path) -> None:
    for at in range(1, STEPS):
        Digits(tmp_path).stopped(sampler, at + 1, seed=6)
    assert torch.equal(Digits(tmp_path).drawn(sampler, seed=6), Digits().drawn(sampler, seed=6))
