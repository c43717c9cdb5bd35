"""Which network made the latents, or says the words, that another was trained on: known by its content."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import noisegraph as ng
from pydantic import Field


@dataclass(frozen=True)
class Origin:
    """A network by its weights; what it is called is for people, and makes no difference."""

    content: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """The hash of the weights file, in hex."""
    name: Annotated[str, Field(max_length=200)] = field(compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.name} ({self.content[:8]})"


def origin(path: Path) -> Origin:
    """That of a weights file, or of a folder with such files."""
    return Origin(ng.digest(path), path.stem)
