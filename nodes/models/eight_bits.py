"""Weights of eight bits a number, as `train.weights` stores them with the type int8: read with each row's scale."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..checkpoints.checkpoint import opened
from ..checkpoints.part import Files

if TYPE_CHECKING:
    from torch import Tensor

SCALE = ".scale"
"""What stands after a parameter's name in the name of its rows' scales."""


@dataclass(frozen=True)
class EightBits:
    """An `ng.Reader`: what lies in the file as whole numbers from -127 to 127 is multiplied by its row's scale."""

    def __call__(self, path: str) -> Iterator[tuple[str, Tensor]]:
        """The tensors under the module's own names; those that have no scales are as they lie in the file."""
        entries, files = opened(path).entries, Files()
        for name, entry in entries.items():
            if name.endswith(SCALE) and name.removesuffix(SCALE) in entries:
                continue
            value, scale = files.tensor(entry), entries.get(name + SCALE)
            yield name, value if scale is None else value * files.tensor(scale).float()
