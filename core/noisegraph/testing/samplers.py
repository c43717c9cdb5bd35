"""The contract of a sampler: subclass SamplerContract, name the sampler and its order, and pytest holds it to them."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from ..diffusion.level import Level, Levels, Process, at_ratio
from ..diffusion.processes.exploding import EDM
from ..diffusion.processes.flow import Flow
from ..diffusion.processes.preserving import ContinuousVP
from ..diffusion.sampler import Sampler
from ..store.codecs import decode, encode
from .mixture import three_clusters
from .order import measured_order
from .sameness import same
from .trial import Asked, energy_distance, many, result, states, step_of
from .waits import never_waiting

if TYPE_CHECKING:
    from torch import Tensor

PROCESSES: tuple[Process, ...] = (ContinuousVP(), EDM(0.01, 80.0), Flow())


class SamplerContract:
    """What every sampler must keep. A sampler's author writes

        class TestMySampler(SamplerContract):
            sampler = my_sampler()
            order = 2

    `order` is that of the error on the exact probability flow, in steps; None for samplers that draw noise.
    """

    sampler: ClassVar[Sampler]
    order: ClassVar[float | None] = None
    tolerance: ClassVar[float] = 0.2
    """How far the measured order may lie from the claimed one."""
    evaluations: ClassVar[int] = 1
    """How often a step asks the denoiser, at most."""
    few: ClassVar[int] = 6
    """How many steps a short walk has; for samplers that pace themselves, as many as they may need."""
    counts: ClassVar[Sequence[int]] = (40, 80, 160, 320)
    """The numbers of steps at which the error is measured."""
    processes: ClassVar[Sequence[Process]] = PROCESSES
    """The processes that the sampler is for."""
    couples: ClassVar[bool] = False
    """Whether the images of a batch share a step control, so that one depends on the others."""
    waits: ClassVar[bool] = False
    """Whether a step looks at numbers of the state, for which a GPU is waited for; adaptive samplers always may."""
    law_steps: ClassVar[int] = 100
    """In how many steps it draws the law of the data, to within the energy distance of 1000 exact draws; 0: in none."""

    def levels(self, steps: int, process: Process) -> Levels:
        """A grid to walk: even in log-SNR from sigma / alpha = 80, or the most the process has, to 0.01."""
        high = min(process.level(process.t_max).ratio, 80.0)
        ratios = [high * (0.01 / high) ** (index / steps) for index in range(steps + 1)]
        points = tuple(at_ratio(process, ratio) for ratio in ratios)
        return Levels(points if self._sampler.walks != "up" else points[::-1], process)

    @property
    def _sampler(self) -> Sampler:
        return type(self).sampler

    @property
    def _inverts(self) -> bool:
        return self._sampler.walks == "up"

    def _arrived(self, state: Any) -> bool:
        return self._sampler.finished is not None and self._sampler.finished(state)

    def _start(self, level: Level, count: int, dtype: Any = None) -> Tensor:
        """States at a level, as the mixture would have them there."""
        import torch

        clean, noise = three_clusters().sample(count, seed=1), three_clusters().sample(count, seed=2)
        noise = (noise - noise.mean(0)) / noise.std(0)
        return (level.alpha * clean + level.sigma * noise).to(dtype or torch.float64)

    def test_it_reaches_the_order_that_its_author_claims(self) -> None:
        if self.order is None:
            return
        model, grid = three_clusters(), self.levels(1, self.processes[0])
        start = self._start(grid[0], 8)
        exact = _exact(tuple(map(tuple, start.tolist())), grid[0], grid[1])

        def error(steps: int) -> float:
            found = result(self._sampler, model.denoiser(), start, self.levels(steps, self.processes[0]))
            return float((found - exact).norm(dim=1).mean())

        found = measured_order(error, self.counts)
        near = abs(found.order - self.order) <= self.tolerance
        assert near, f"it claims order {self.order:g}; measured {found.order:.2f} {found}"

    def test_it_draws_the_law_of_the_data(self) -> None:
        if self._inverts or not self.law_steps:
            return
        model = three_clusters()
        for process in self.processes:
            grid = self.levels(self.law_steps, process)
            found = many(self._sampler, model.denoiser(), self._noised_law(grid[0]), grid)
            distance = energy_distance(found / grid[len(grid) - 1].alpha, model.sample(1000, seed=3))
            assert distance < 0.006, f"on {process}: energy distance {distance:.4f} from the data that it should draw"

    def _noised_law(self, level: Level) -> Tensor:
        """1000 exact draws of the mixture at a level."""
        import numpy
        import torch

        clean = three_clusters().sample(1000, seed=4)
        noise = torch.from_numpy(numpy.random.default_rng(5).standard_normal(clean.shape))
        return level.alpha * clean + level.sigma * noise

    def test_a_step_changes_nothing_in_place(self) -> None:
        levels = self.levels(self.few, self.processes[0])
        asked, start = Asked(three_clusters().denoiser()), self._start(levels[0], 3)
        state, seeds = self._sampler.init(start), range(3)
        assert same(state.x, self._start(levels[0], 3)), "init changed the noise, or its x is not the noise"
        for index in range(levels.steps):
            if self._arrived(state):
                break
            before = copy.deepcopy(state)
            after = self._sampler.step(asked, state, step_of(levels, index, seeds, state.x))
            assert same(state, before), f"step {index} changed the state that it was handed; make a new one"
            state = after
        kept = all(same(now, then) for now, then in (*asked.inputs, *asked.answers))
        assert kept, "a step changed what the denoiser was handed or gave back; make a new tensor"

    def test_it_goes_on_from_any_stored_step_bit_by_bit(self) -> None:
        levels, model, seeds = self.levels(self.few, self.processes[0]), three_clusters(), range(3)
        walked = states(self._sampler, model.denoiser(), self._start(levels[0], 3), levels, seeds)
        for index in reversed(range(len(walked) - 1)):
            again = self._sampler.step(
                model.denoiser(), copy.deepcopy(walked[index]), step_of(levels, index, seeds, walked[index].x)
            )
            assert same(again, walked[index + 1]), f"step {index} differs when resumed; keep all memory in the state"

    def test_the_seed_alone_decides(self) -> None:
        import torch

        levels, model = self.levels(self.few, self.processes[0]), three_clusters()
        start = self._start(levels[0], 3)
        found = []
        for chaos in (1, 2):
            with torch.random.fork_rng():
                torch.manual_seed(chaos)
                found.append(result(self._sampler, model.denoiser(), start, levels, [7, 8, 9]))
        assert same(*found), "the global random state decides; draw by step.noise alone"
        other = result(self._sampler, model.denoiser(), start, levels, [70, 80, 90])
        assert self._sampler.noisy != same(found[0], other), f"its `noisy` is {self._sampler.noisy}, which is not so"

    def test_an_image_does_not_depend_on_the_batch_it_is_in(self) -> None:
        if self.couples:
            return
        levels, model = self.levels(self.few, self.processes[0]), three_clusters()
        start = self._start(levels[0], 3)
        together = result(self._sampler, model.denoiser(), start, levels, [7, 8, 9])
        for row in range(3):
            alone = result(self._sampler, model.denoiser(), start[row : row + 1], levels, [7 + row])
            gap = float((alone[0] - together[row]).abs().max())
            assert gap <= 1e-9, f"image {row} differs by {gap:.1e} when it is drawn alone"

    def test_dtype_and_shape_stay_those_of_the_state(self) -> None:
        import torch

        for process in self.processes:
            levels = self.levels(self.few, process)
            asked = Asked(lambda x, level: x / (1 + level.ratio**2) / level.alpha)
            start = torch.linspace(-1, 1, 96, dtype=torch.float32).reshape(2, 3, 4, 4) * levels[0].sigma
            for state in states(self._sampler, asked, start, levels, range(2)):
                assert state.x.dtype == torch.float32, f"the state became {state.x.dtype}; scale by Python's floats"
                assert state.x.shape == start.shape, f"the state became {tuple(state.x.shape)}"
                assert bool(state.x.isfinite().all()), f"NaN or infinity on {process}"
            assert {x.dtype for x, _ in asked.inputs} == {torch.float32}, "the denoiser was asked in another dtype"

    def test_no_step_waits_for_the_device(self) -> None:
        import torch

        if self.waits or self._sampler.finished is not None:
            return
        levels = self.levels(self.few, self.processes[0])
        with never_waiting():
            states(self._sampler, lambda x, level: x * 0.5, torch.empty(2, 3, 4, 4, device="meta"), levels, range(2))

    def test_its_state_can_be_stored_and_read_again(self) -> None:
        levels, seeds = self.levels(self.few, self.processes[0]), range(3)
        walked = states(self._sampler, three_clusters().denoiser(), self._start(levels[0], 3), levels, seeds)
        for index, state in enumerate(walked):
            stored = encode(state)
            assert stored is not None, f"step {index}: a state is a NamedTuple, in a module, of tensors and numbers"
            assert same(decode(stored), state), f"the state after step {index} reads back as another"

    def test_a_step_asks_the_denoiser_as_often_and_where_it_says(self) -> None:
        levels, seeds = self.levels(self.few, self.processes[0]), range(3)
        asked, state = Asked(three_clusters().denoiser()), self._sampler.init(self._start(levels[0], 3))
        for index in range(levels.steps):
            if self._arrived(state):
                break
            asked.levels.clear()
            state = self._sampler.step(asked, state, step_of(levels, index, seeds, state.x))
            times = len(asked.levels)
            assert times <= self.evaluations, f"step {index} asks the denoiser {times} times, not {self.evaluations}"
            self._check_asked(asked.levels, levels, index)

    def _check_asked(self, asked: Sequence[Level], levels: Levels, index: int) -> None:
        here, there = levels[index], levels[index + 1]
        span = self._sampler.asks(here, there) if self._sampler.asks is not None else (here, there)
        if self._sampler.finished is not None:
            span = levels[0], levels[len(levels) - 1]
        low, high = sorted(level.log_snr for level in span)
        for level in asked:
            inside = low - 1e-9 <= level.log_snr <= high + 1e-9
            assert inside, f"step {index} asks at {level}, outside of what its `asks` says: {span}"

    def test_a_step_reads_no_level_beyond_its_own(self) -> None:
        if self._sampler.finished is not None:
            return
        levels, model, seeds = self.levels(self.few, self.processes[0]), three_clusters(), range(3)
        walked = states(self._sampler, model.denoiser(), self._start(levels[0], 3), levels, seeds)
        unknown = Level(math.nan, math.nan, math.nan)
        for index in range(levels.steps):
            known = levels.points[: index + 2]
            cut = Levels((*known, *[unknown] * (len(levels) - len(known))), levels.process)
            again = self._sampler.step(model.denoiser(), walked[index], step_of(cut, index, seeds, walked[index].x))
            assert same(again, walked[index + 1]), f"step {index} reads levels that later steps are for"

    def test_the_last_step_may_go_to_clean_data(self) -> None:
        if self._inverts:
            return
        process = self.processes[0]
        grid = self.levels(self.few, process)
        levels = Levels((*grid.points, process.at_log_snr(math.inf)), process)
        found = result(self._sampler, three_clusters().denoiser(), self._start(levels[0], 3), levels)
        assert bool(found.isfinite().all()), "NaN or infinity when the last step goes to clean data, where sigma is 0"


@cache
def _exact(start: tuple[tuple[float, ...], ...], here: Level, there: Level) -> Tensor:
    """Where the flow takes these points, computed once for all samplers."""
    import torch

    return three_clusters().flow(torch.tensor(start, dtype=torch.float64), here, there, steps=2000)
