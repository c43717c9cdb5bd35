"""A picture's file as pixels that fit a terminal; read in a thread, as the library for it takes its time."""

from __future__ import annotations

from .blocks import Pixels

LARGEST = 240
"""No terminal shows more of these on the longer side in blocks."""


def read(file: str) -> Pixels | None:
    """The picture, made small; None where there is none that can be read."""
    from PIL import Image

    try:
        with Image.open(file) as found:
            picture = found.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    if max(picture.size) > LARGEST:
        picture.thumbnail((LARGEST, LARGEST), Image.Resampling.BOX)
    return Pixels(picture.width, picture.height, picture.tobytes())
