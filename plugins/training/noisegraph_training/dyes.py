"""A picture of one colour in another: from a red car, a blue one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from numpy import ndarray
    from PIL.Image import Image


class Dye(NamedTuple):
    """A colour as hue in degrees, saturation and value, these relative to those of a strong red."""

    hue: float
    saturation: float
    value: float


DYES = {
    "red": Dye(0, 1, 1),
    "orange": Dye(27, 1, 1),
    "yellow": Dye(50, 1, 1),
    "green": Dye(125, 0.9, 0.85),
    "blue": Dye(212, 1, 1),
    "purple": Dye(275, 0.85, 0.9),
    "pink": Dye(335, 0.55, 1),
    "brown": Dye(22, 0.8, 0.62),
    "black": Dye(0, 0.05, 0.28),
}
_STRONG = 0.8, 0.92
"""Saturation and value of what is dyed, in the middle."""
_NEAR = 35.0
"""Degrees of hue within which two colours count as one."""
_SHARE = 0.45
"""How much of a picture one colour takes, at the least, for that to be its hue."""


def main_hue(picture: Image) -> float | None:
    """The hue, in degrees, that most of what is drawn on the white paper has; None where there is none."""
    return _main(*_hsv(picture))


def _main(hue: ndarray, saturation: ndarray, value: ndarray) -> float | None:
    import numpy

    vivid = (saturation > 0.3) & (value > 0.2)
    counts = numpy.histogram(hue[vivid], bins=36, range=(0, 360))[0]
    near = numpy.sum([numpy.roll(counts, shift) for shift in range(-2, 3)], axis=0)
    middle = 10 * (near.argmax() + 0.5)
    own = vivid & (_apart(hue, middle) < _NEAR)
    return float(middle) if own.sum() >= _SHARE * max(_drawn(saturation, value).sum(), 1) else None


def in_colour(picture: Image, colour: str) -> Image:
    """The picture with its main hue changed to a colour, light and shade kept; itself where it has no main hue."""
    import numpy
    from PIL import Image

    hue, saturation, value = _hsv(picture)
    middle = _main(hue, saturation, value)
    if middle is None:
        return picture
    own = _drawn(saturation, value) & (saturation > 0.12) & (_apart(hue, middle) < _NEAR + 5)
    dye = DYES[colour]
    parts = (
        (hue, numpy.full_like(hue, dye.hue), 255 / 360),
        (saturation, saturation / numpy.median(saturation[own]) * _STRONG[0] * dye.saturation, 255),
        (value, value / numpy.median(value[own]) * _STRONG[1] * dye.value, 255),
    )
    made = numpy.stack([numpy.where(own, new, old) * scale for old, new, scale in parts], axis=-1)
    return Image.fromarray(made.round().clip(0, 255).astype(numpy.uint8), "HSV").convert("RGB")


def _hsv(picture: Image) -> tuple[ndarray, ndarray, ndarray]:
    """Hue in degrees, saturation and value in [0, 1], of each pixel."""
    import numpy

    hue, saturation, value = numpy.moveaxis(numpy.asarray(picture.convert("HSV"), dtype=float), -1, 0)
    return hue * 360 / 255, saturation / 255, value / 255


def _drawn(saturation: ndarray, value: ndarray) -> ndarray:
    return (saturation >= 0.08) | (value <= 0.95)


def _apart(hue: ndarray, other: float) -> ndarray:
    return abs((hue - other + 180) % 360 - 180)
