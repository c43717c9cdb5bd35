"""Problems found in a graph, told with where they are, what they are and what to try."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

MOST_TOLD = 100
"""How many problems are told: nobody reads a thousand, and each costs a search for the nearest name."""
LONGEST = 1000
"""How many characters of a text are told: what is wrong with a text of 10 MB is told without all of it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a graph file: `line` and `column` count from 1, 0 means that only the file is known.

    `within` is the node that uses the graph, where the file is that of a sub-graph.
    """

    file: str = ""
    line: int = 0
    column: int = 0
    path: str = ""
    within: str = ""

    def __post_init__(self) -> None:
        if len(self.path) > LONGEST:
            object.__setattr__(self, "path", shortened(self.path))

    def __str__(self) -> str:
        at = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return " ".join(part for part in (at, self.trail) if part)

    @property
    def trail(self) -> str:
        """The path in the file, and where the file is used: `nodes.guided.scale (in refine)`."""
        return f"{self.path} (in {self.within})" if self.within else self.path


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, what, and a hint on what to try."""

    where: Place
    what: str
    hint: str = ""

    def __post_init__(self) -> None:
        if len(self.what) > LONGEST or len(self.hint) > LONGEST:
            object.__setattr__(self, "what", shortened(self.what))
            object.__setattr__(self, "hint", shortened(self.hint))

    def __str__(self) -> str:
        place = str(self.where)
        return (f"{place}: " if place else "") + self.what + (f"; {self.hint}" if self.hint else "")


def in_order(problems: Iterable[Problem], first: str) -> list[Problem]:
    """The problems as they follow one another in the text of the file `first`, then those of others as they are met."""
    found = list(problems)
    met = dict.fromkeys([first, *(problem.where.file for problem in found)])
    files = {file: number for number, file in enumerate(met)}
    return sorted(found, key=lambda problem: (files[problem.where.file], problem.where.line, problem.where.column))


class NoisegraphError(Exception):
    """The root of every error that noisegraph raises on purpose."""


class GraphError(NoisegraphError):
    """A graph, or a call on it, is wrong; `problems` holds all that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    @classmethod
    def of(cls, what: str, hint: str = "", where: Place | None = None) -> GraphError:
        """A GraphError that holds one problem."""
        return cls([Problem(where or Place(), what, hint)])


class PluginError(NoisegraphError):
    """A plugin cannot be used; the message names it, its distribution and the reason."""


class NodeError(NoisegraphError):
    """Raised by a node to say in the user's words what is wrong with its inputs; `hint` says what to try."""

    def __init__(self, what: str, hint: str = "") -> None:
        self.hint = hint
        super().__init__(what)


def said(error: BaseException) -> str:
    """What an error tells of itself, also where its author's class fails to tell."""
    try:
        return str(error)
    except Exception:
        return "(it cannot be shown)"


def shortened(text: str) -> str:
    """The text, or its beginning and its end where it is longer than LONGEST."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 255]} ... {text[-250:]}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?` for the nearest of the known names, or the empty string."""
    near = difflib.get_close_matches(str(name)[:200], list(known), n=1, cutoff=0.6)
    return f"did you mean '{near[0]}'?" if near else ""
