"""The lines between two layers: each goes down or up on a track of its own, so that lines cross and never touch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Net(NamedTuple):
    """A line that comes from the left in one row and leaves to the right in others."""

    name: str
    left: int
    rights: tuple[int, ...]

    @property
    def straight(self) -> bool:
        """Whether it needs no track."""
        return self.rights == (self.left,)

    @property
    def span(self) -> tuple[int, int]:
        """Its uppermost and lowest row."""
        return min(self.left, *self.rights), max(self.left, *self.rights)


class Track(NamedTuple):
    """A net's way down or up; where it had to be broken in two, the other half begins in its only right row."""

    net: Net
    number: int
    broken: bool = False
    """Whether it goes on, in its right row, to the track of its other half."""


def routed(nets: Sequence[Net]) -> list[Track]:
    """A track for each net that is not straight; a line's left part never meets another's right part."""
    found: list[Track] = []
    bent = [net for net in nets if not net.straight]
    taken = {row for net in nets for row in (net.left, *net.rights)}
    parts: list[tuple[Net, bool]] = [(net, False) for net in bent]
    before = _before(bent)
    done: dict[int, int] = {}
    spans: list[list[tuple[int, int]]] = []
    left = list(range(len(parts)))
    while left:
        ready = [index for index in left if before[index] <= done.keys()]
        if not ready:  # a circle: break one in two
            index = min(left, key=lambda one: len(before[one]))
            _break(index, parts, before, taken)
            left.append(len(parts) - 1)
            continue
        for index in sorted(ready, key=lambda one: parts[one][0].span):
            net, broken = parts[index]
            least = max((done[one] + 1 for one in before[index]), default=0)
            number = next(one for one in range(least, len(spans) + 2) if _is_free(spans, one, net.span))
            while len(spans) <= number:
                spans.append([])
            spans[number].append(net.span)
            done[index] = number
            left.remove(index)
            found.append(Track(net, number, broken))
    return found


def _before(nets: Sequence[Net]) -> list[set[int]]:
    """Net -> those that must stand to its left: their left row is one of its right rows."""
    lefts = {net.left: index for index, net in enumerate(nets)}
    return [
        {lefts[row] for row in net.rights if row in lefts and lefts[row] != index} for index, net in enumerate(nets)
    ]


def _break(index: int, parts: list[tuple[Net, bool]], before: list[set[int]], taken: set[int]) -> None:
    """Break a net: the first half, which waits for nobody, goes to a free row, in which the second begins."""
    net = parts[index][0]
    row = _free_row(net.left, taken)
    taken.add(row)
    parts[index] = net._replace(rights=(row,)), True
    parts.append((net._replace(left=row), False))
    before.append(before[index] | {index})
    before[index] = set()


def _free_row(near: int, taken: Iterable[int]) -> int:
    rows = set(taken)
    return next(
        row for away in range(len(rows) + 2) for row in (near + away, near - away) if row >= 0 and row not in rows
    )


def _is_free(spans: list[list[tuple[int, int]]], number: int, span: tuple[int, int]) -> bool:
    return number >= len(spans) or all(span[1] < top or span[0] > bottom for top, bottom in spans[number])
