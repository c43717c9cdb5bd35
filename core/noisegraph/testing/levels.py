"""The contract of a grid: subclass LevelsContract, name the node, and pytest holds it to what samplers count on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from ..diffusion.level import Levels, Process
from ..diffusion.processes.discrete import DiscreteVP
from ..diffusion.processes.exploding import EDM
from ..diffusion.processes.preserving import ContinuousVP


class LevelsContract:
    """What every grid of levels must keep. The author of a node `my_grid(process, *, steps)` writes

    class TestMyGrid(LevelsContract):
        grid = my_grid
        counts = (1, 5, 20)
    """

    grid: ClassVar[Callable[..., Levels]]
    options: ClassVar[Mapping[str, Any]] = {}
    """Parameters of the node beside `steps`."""
    counts: ClassVar[Sequence[int]] = (1, 2, 7, 20)
    processes: ClassVar[Sequence[Process]] = (DiscreteVP(), ContinuousVP(), EDM())

    def make(self, process: Process, steps: int) -> Levels:
        """The grid; override it where the node counts its steps another way."""
        return type(self).grid(process, steps=steps, **self.options)

    def _grids(self) -> list[tuple[int, Levels]]:
        return [(steps, self.make(process, steps)) for process in self.processes for steps in self.counts]

    def test_it_has_the_steps_that_were_asked_for(self) -> None:
        for steps, levels in self._grids():
            assert levels.steps == steps, f"{levels.steps} steps where {steps} were asked for, on {levels.process}"

    def test_noise_falls_in_every_step(self) -> None:
        for steps, levels in self._grids():
            found = [level.log_snr for level in levels]
            assert found == sorted(set(found)), f"of {steps} steps on {levels.process}, log-SNR goes {found}"

    def test_its_points_are_plain_numbers(self) -> None:
        for _, levels in self._grids():
            for level in levels:
                assert {type(value) for value in level} == {float}, f"{level} holds other than floats"
                assert all(map(math.isfinite, level)), f"{level} is not finite"

    def test_every_level_is_one_of_the_process(self) -> None:
        for _, levels in self._grids():
            for level in levels:
                found = levels.process.at_log_snr(level.log_snr)
                near = all(math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-6) for a, b in zip(level, found, strict=True))
                assert near, f"{level} is not on {levels.process}, which has {found}"

    def test_it_knows_the_process_that_it_was_made_for(self) -> None:
        for process in self.processes:
            assert self.make(process, self.counts[-1]).process == process

    def test_it_is_made_the_same_again(self) -> None:
        for steps, levels in self._grids():
            assert self.make(levels.process, steps) == levels
