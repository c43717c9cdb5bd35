"""Brownian noise is one motion per image, however it is cut into steps."""

from __future__ import annotations

import itertools
import math

import noisegraph as ng
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as some

LIKE = torch.zeros(2, 5, dtype=torch.float64)
Clock = some.floats(1e-6, 1e6)


def moved(start: float, end: float, like: torch.Tensor = LIKE, seeds: tuple[int, ...] = (1, 2)) -> torch.Tensor:
    """W(end) - W(start)."""
    return ng.brownian(seeds, like, start, end) * math.sqrt(abs(end - start))


@settings(max_examples=40, deadline=None)
@given(some.lists(Clock, min_size=3, max_size=3, unique=True))
def test_increments_over_adjoining_intervals_add_up(clocks: list[float]) -> None:
    first, middle, last = sorted(clocks)
    assume(all(end / start > 1 + 2**-12 for start, end in ((first, middle), (middle, last))))
    torch.testing.assert_close(
        moved(first, middle) + moved(middle, last), moved(first, last), rtol=0, atol=1e-9 * math.sqrt(last)
    )


@pytest.mark.parametrize(
    ("start", "end"), [(1.0, 2.0), (0.3, 0.37), (1e-5, 3e4), (5.0, 5.3), (1.3, 1.3004), (0.9, 0.9000001)]
)
def test_an_increment_is_standard_normal(start: float, end: float) -> None:
    drawn = ng.brownian([7], torch.zeros(1, 200_000, dtype=torch.float64), start, end)
    assert abs(drawn.mean()) < 4 / math.sqrt(200_000)
    assert abs(drawn.var() - 1) < 4 * math.sqrt(2 / 200_000)
    assert abs((drawn**4).mean() - 3) < 0.15


def test_increments_over_separate_intervals_do_not_depend_on_one_another() -> None:
    like = torch.zeros(1, 200_000, dtype=torch.float64)
    cuts = [0.7, 1.1, 1.3, 2.6, 9.0]
    parts = [ng.brownian([7], like, a, b) for a, b in itertools.pairwise(cuts)]
    correlations = torch.corrcoef(torch.cat(parts))
    assert (correlations - torch.eye(4)).abs().max() < 4.5 / math.sqrt(200_000)


@pytest.mark.parametrize("part", [1e-2, 1e-3, 1e-4, 1e-5, 1e-6])
def test_the_steps_of_fine_grids_are_standard_normal_and_do_not_depend_on_one_another(part: float) -> None:
    """Were clocks that lie close told apart too late, each step would have too much noise, undone by the next."""
    like = torch.zeros(1, 50_000, dtype=torch.float64)
    cuts = [1.3 * (1 + part) ** index for index in range(7)]
    parts = torch.cat([ng.brownian([7], like, a, b) for a, b in itertools.pairwise(cuts)])
    assert (parts.var(1) - 1).abs().max() < 5 * math.sqrt(2 / 50_000)
    apart = 4.5 / math.sqrt(50_000) if part > 2**-13 else 0.1
    assert (torch.corrcoef(parts) - torch.eye(6)).abs().max() < apart


def test_an_image_moves_the_same_way_in_any_batch() -> None:
    together = ng.brownian([1, 2], LIKE, 0.5, 3.3)
    assert torch.equal(ng.brownian([2], LIKE[:1], 0.5, 3.3)[0], together[1])
    assert not torch.equal(together[0], together[1])


def test_the_way_back_is_the_way_there_reversed() -> None:
    torch.testing.assert_close(ng.brownian([1, 2], LIKE, 3.0, 0.5), -ng.brownian([1, 2], LIKE, 0.5, 3.0))


def test_the_motion_is_not_the_noise_of_steps_nor_that_of_the_start() -> None:
    motion = ng.brownian([1, 2], LIKE, 1.0, 2.0)
    assert all(not torch.equal(motion, ng.normal([1, 2], LIKE, role)) for role in ("initial", "step"))


def test_an_empty_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="empty interval"):
        ng.brownian([1, 2], LIKE, 2.0, 2.0)


def test_dtype_and_shape_are_those_asked_for() -> None:
    drawn = ng.brownian([1], torch.zeros(1, 3, 4, 4), 0.5, 2.5)
    assert (drawn.dtype, drawn.shape) == (torch.float32, (1, 3, 4, 4))
