"""What is wrong with an opened graph, gathered: a mistake in a graph that is used several times is told once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..errors import MOST_TOLD, Problem


class Problems:
    """Problems in the order in which they were found, each with how many uses of its graph have it."""

    def __init__(self) -> None:
        self.met = 0
        """How many there were, those that were known by then counted too."""
        self._uses: dict[Problem, tuple[Problem, int]] = {}

    def __len__(self) -> int:
        return len(self._uses)

    def append(self, problem: Problem) -> None:
        """Note one more."""
        self.met += 1
        kind = _anywhere(problem)
        first, uses = self._uses.get(kind, (problem, 0))
        self._uses[kind] = first, uses + 1

    def extend(self, problems: Iterable[Problem]) -> None:
        """Note several."""
        for problem in problems:
            self.append(problem)

    def told(self) -> Iterator[Problem]:
        """The first MOST_TOLD of them."""
        for first, uses in list(self._uses.values())[:MOST_TOLD]:
            yield first if uses == 1 or not first.where.within else _in_all(first, uses)


def _anywhere(problem: Problem) -> Problem:
    """The problem without where its graph is used, which ids of nodes begin with."""
    within = problem.where.within
    if not within:
        return problem
    what, hint = (text.replace(f"{within}/", "") for text in (problem.what, problem.hint))
    return Problem(replace(problem.where, within=""), what, hint)


def _in_all(problem: Problem, uses: int) -> Problem:
    others = f"{uses - 1} other use{'s' * (uses > 2)} of it"
    return replace(problem, where=replace(problem.where, within=f"{problem.where.within} and {others}"))
