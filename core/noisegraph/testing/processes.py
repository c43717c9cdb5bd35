"""The contract of a process: subclass ProcessContract, name the process, and pytest holds its formulas together."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from typing import ClassVar

from ..diffusion.level import Process


class ProcessContract:
    """What every forward process must keep. Its author writes

        class TestMyProcess(ProcessContract):
            process = MyProcess()

    Times are tried evenly between t_min and t_max; where a process has corners, `nudge` keeps the slopes off them.
    """

    process: ClassVar[Process]
    nudge: ClassVar[float] = 0.003
    """How far beside the tried times slopes are measured, as a share of all time."""

    def times(self) -> list[float]:
        """Twenty times strictly inside."""
        low, high = self.process.t_min, self.process.t_max
        return [low + (high - low) * (share / 21 + self.nudge) for share in range(1, 21)]

    def test_noise_grows_with_time(self) -> None:
        low, high = self.process.t_min, self.process.t_max
        found = [self.process.level(t).log_snr for t in (low, *self.times(), high)]
        assert found == sorted(set(found), reverse=True), f"log-SNR does not fall with time: {found}"

    def test_levels_are_plain_numbers_that_carry_their_time(self) -> None:
        for t in (self.process.t_min, *self.times(), self.process.t_max):
            level = self.process.level(t)
            assert {type(value) for value in level} == {float}, (
                f"level({t}) holds {[type(v) for v in level]}, not floats"
            )
            assert level.t == t, f"level({t}) says that it is at {level.t}"
            assert level.alpha >= 0, f"alpha is {level.alpha} at {t}"
            assert level.sigma > 0, f"sigma is {level.sigma} at {t}"

    def test_a_level_is_found_again_by_its_log_snr(self) -> None:
        for t in self.times():
            level = self.process.level(t)
            found = self.process.at_log_snr(level.log_snr)
            for name, one, other in zip(level._fields, level, found, strict=True):
                near = math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-9)
                assert near, f"at t = {t:g}, {name} is {one!r} but found again as {other!r}"

    def test_clean_data_lies_at_infinite_log_snr(self) -> None:
        _, alpha, sigma = self.process.at_log_snr(math.inf)
        assert (alpha, sigma) == (1.0, 0.0), f"at_log_snr(inf) has alpha {alpha} and sigma {sigma}"

    def test_the_drift_is_the_slope_of_log_alpha(self) -> None:
        for t in self.times():
            slope = self._slope(lambda time: math.log(self.process.level(time).alpha), t)
            self._agree("drift", t, self.process.drift(t), slope)

    def test_the_diffusion_is_what_the_noise_gains_beyond_the_drift(self) -> None:
        """g^2 = d sigma^2/dt - 2 f sigma^2."""
        for t in self.times():
            gained = self._slope(lambda time: self.process.level(time).sigma ** 2, t)
            squared = gained - 2 * self.process.drift(t) * self.process.level(t).sigma ** 2
            self._agree("diffusion^2", t, self.process.diffusion(t) ** 2, squared)

    def _slope(self, of: Callable[[float], float], t: float) -> float:
        h = (self.process.t_max - self.process.t_min) * 1e-6
        return (of(t + h) - of(t - h)) / (2 * h)

    def _agree(self, name: str, t: float, said: float, measured: float) -> None:
        scale = max(abs(measured), 1e-3 / (self.process.t_max - self.process.t_min))
        assert abs(said - measured) <= 1e-4 * scale, f"{name}({t:g}) is {said:.6g}, the levels say {measured:.6g}"

    def test_it_is_a_value_that_can_be_compared_hashed_and_pickled(self) -> None:
        again = pickle.loads(pickle.dumps(self.process))
        assert again == self.process, "it is not equal to its own copy; make it a frozen dataclass"
        assert hash(again) == hash(self.process), "its copy has another hash; make it a frozen dataclass"
        assert " at 0x" not in repr(self.process), "its repr tells an address; make it a frozen dataclass"
