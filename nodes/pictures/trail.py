"""The calls that led to a picture, walked from its end to its beginning."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import noisegraph as ng


@dataclass(frozen=True)
class Trail:
    """Calls in the order of running; the last one gave the picture. A call is named by its place among them."""

    calls: Sequence[ng.Call]

    def above(self, place: int) -> Iterator[int]:
        """The call itself and all that it depends on, the nearest first."""
        seen, left = {place}, deque([place])
        while left:
            here = left.popleft()
            yield here
            for read in (one for places in self.calls[here].reads.values() for one in places):
                if read not in seen:
                    seen.add(read)
                    left.append(read)

    def all(self, place: int | None, *nodes: str) -> list[int]:
        """The calls of some nodes there and above, the nearest first."""
        return [] if place is None else [one for one in self.above(place) if self.calls[one].node in nodes]

    def nearest(self, place: int | None, *nodes: str) -> int | None:
        """The nearest call of one of some nodes, there or above."""
        return next(iter(self.all(place, *nodes)), None)

    def read(self, place: int | None, port: str) -> int | None:
        """What a port reads."""
        places = () if place is None else self.calls[place].reads.get(port, ())
        return places[0] if places else None

    def value(self, place: int | None, name: str) -> Any:
        """A parameter of a call, None where there is none."""
        return None if place is None else self.calls[place].values.get(name)
