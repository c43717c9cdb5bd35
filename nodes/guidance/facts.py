"""What is known of guided denoisers before they are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import noisegraph as ng


def of_one_model(*ports: str, family: bool = True) -> Callable[[ng.Facts], ng.Facts]:
    """Facts of a denoiser made of those at the ports, which must be of one model; what is in lists is not known.

    family: False where models of different families go together, so long as their states have the same sizes.
    """

    def facts(inputs: ng.Facts) -> ng.Facts:
        wired = {port: known for port in ports if isinstance(known := inputs.get(port), Mapping)}
        for fact in ("family", "sizes") if family else ("sizes",):
            ng.agree(fact, **wired)
        merged: dict[str, Any] = {}
        for known in reversed(wired.values()):
            merged |= {name: fact for name, fact in known.items() if name != "batch"}
        return merged

    return facts
