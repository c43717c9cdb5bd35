"""Python's search for cyclic garbage, held back while a large graph is built."""

from __future__ import annotations

import gc

LARGE = 50_000
"""From how many new objects on a search takes longer than anyone wants to wait."""


class no_search:
    """Without this each full search walks all that is built so far, and 100,000 nodes cost twice as much a node.

    A large graph then counts as old: the searches for young garbage that follow pass it by. A class, as it is entered
    in no time.
    """

    def __enter__(self) -> None:
        self._searched = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        if not self._searched:
            return
        if gc.get_count()[0] > LARGE:
            gc.freeze()
            gc.unfreeze()  # to the oldest generation, whatever was frozen before
        gc.enable()
