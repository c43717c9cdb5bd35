"""Python's search for cyclic garbage, held back while a large graph is built; classes, as they enter in no time."""

from __future__ import annotations

import gc


class no_search:
    """Without this each full search walks all that is built so far, and 100,000 nodes cost twice as much a node."""

    def __enter__(self) -> None:
        self._searched = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        if self._searched:
            gc.enable()


class nothing_built_searched:
    """What is built by now is not searched: a large plan stays as it is for as long as it runs."""

    def __enter__(self) -> None:
        gc.freeze()

    def __exit__(self, *_: object) -> None:
        gc.unfreeze()
