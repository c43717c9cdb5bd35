"""The state of linear multistep methods: where they are, and the noises that they saw last."""

from __future__ import annotations

from typing import NamedTuple

import noisegraph as ng


class History(NamedTuple):
    """x [batch, ...], and the noises predicted at the steps before, newest first; None where there was no step."""

    x: ng.Tensor
    first: ng.Tensor | None = None
    second: ng.Tensor | None = None
    third: ng.Tensor | None = None

    def seen(self, eps: ng.Tensor, most: int) -> list[ng.Tensor]:
        """The noise predicted now and those before it, newest first, at most so many."""
        before = [one for one in self[1:] if one is not None]
        return [eps, *before][:most]

    def moved(self, x: ng.Tensor, eps: ng.Tensor) -> History:
        """The state at x, which remembers one noise more."""
        return History(x, eps, self.first, self.second)
