"""Published checkpoints apart from what noisegraph trained, whose card says what the shapes of tensors do not."""

from __future__ import annotations

from pathlib import Path

import noisegraph as ng

from .checkpoint import Checkpoint, opened
from .stored import stored


def published(path: str) -> Checkpoint:
    """The checkpoint at a path; raises NodeError for what is none, or for weights with a card of noisegraph's."""
    checkpoint = opened(path)
    if _carded(Path(path)):
        told = f"'{path}' was trained by noisegraph: its card says what its tensors do not, as groups and scale"
        raise ng.NodeError(
            told, f"`noisegraph show {Path(path).name}` tells which of the nodes model.trained... loads it"
        )
    return checkpoint


def _carded(path: Path) -> bool:
    try:
        return path.suffix == ".safetensors" and "parameters" in stored(path).card
    except ng.NodeError:
        return False
