"""Pictures as PNG files: from values in [0, 1] to bytes, alone or on sheets, with a text on how they were made."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import GraphError, Place

if TYPE_CHECKING:
    import numpy
    from PIL import Image

Pixels: TypeAlias = "numpy.ndarray[Any, numpy.dtype[numpy.uint8]]"
"""One picture: [height, width] grey or [height, width, 3] in colour."""
KEYWORD = "noisegraph"
SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LARGEST_SHEET = 4096
_LABEL_WIDTH, _LABEL_HEIGHT, _GAP, _PAPER, _INK = 120, 16, 4, 96, 255


def pixels(value: Any) -> list[Pixels]:
    """The pictures of a batch [batch, 1 or 3, height, width], a tensor or an array with values in [0, 1].

    Raises ValueError for another shape. Values outside are cut off; the arithmetic is the same for tensors and arrays.
    """
    import numpy

    if hasattr(value, "detach"):
        value = value.detach().float().cpu().numpy()
    if value.ndim != 4 or value.shape[1] not in (1, 3) or 0 in value.shape[1:]:
        raise ValueError(f"a value of shape {list(value.shape)} is no batch of pictures of 1 or 3 channels")
    levels = numpy.rint(numpy.clip(value.astype(numpy.float32), 0, 1) * numpy.float32(255)).astype(numpy.uint8)
    return [picture[0] if len(picture) == 1 else picture.transpose(1, 2, 0) for picture in levels]


def png(picture: Pixels, text: str, captions: Mapping[str, str] | None = None) -> bytes:
    """The PNG file, with captions by their keywords; the same picture and texts give the same bytes."""
    from PIL import Image

    return _bytes(Image.fromarray(picture), text, captions or {})


def sheet(pictures: Sequence[Pixels | None], labels: Sequence[str], text: str, columns: int | None = None) -> bytes:
    """The PNG file of a contact sheet: all pictures on one, with a label under each where it has one.

    A place without a picture stays empty. `columns`: how many stand side by side; as nearly a square as it goes, where
    it is not given.
    """
    from PIL import Image, ImageDraw, ImageFont

    label = _LABEL_HEIGHT if any(labels) else 0
    columns = columns or math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    there = [picture for picture in pictures if picture is not None]
    width = max(picture.shape[1] for picture in there)
    height = max(picture.shape[0] for picture in there)
    scale = min(1.0, (_LARGEST_SHEET / columns - _GAP) / width, (_LARGEST_SHEET / rows - _GAP - label) / height)
    across = max(round(width * scale), _LABEL_WIDTH if label else 1)
    down = max(round(height * scale), 1) + label
    size = (columns * (across + _GAP) + _GAP, rows * (down + _GAP) + _GAP)
    colour = any(picture.ndim == 3 for picture in there)
    paper = Image.new("RGB", size, (_PAPER,) * 3) if colour else Image.new("L", size, _PAPER)
    draw, font = ImageDraw.Draw(paper), ImageFont.load_default()
    for index, (picture, told) in enumerate(zip(pictures, labels, strict=True)):
        left, top = _GAP + index % columns * (across + _GAP), _GAP + index // columns * (down + _GAP)
        if picture is not None:
            paper.paste(_scaled(Image.fromarray(picture), scale), (left, top))
        if told:
            shown = _fitting(told, lambda part: draw.textlength(part, font=font) <= across)
            draw.text((left, top + down - label + 2), shown, fill=(_INK,) * 3 if colour else _INK, font=font)
    return _bytes(paper, text, {})


def thumbnail(picture: Pixels, size: int) -> tuple[int, int, bytes]:
    """Width, height and RGB bytes of the picture, brought to `size` pixels on its longer side."""
    from PIL import Image

    whole = Image.fromarray(picture).convert("RGB")
    scale = size / max(whole.size)
    small = whole.resize(
        (max(round(whole.width * scale), 1), max(round(whole.height * scale), 1)),
        Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BOX,
    )
    return small.width, small.height, small.tobytes()


def text_of(path: Path) -> str:
    """The text that noisegraph put in a PNG; raises GraphError where there is none."""
    from PIL import Image

    try:
        with Image.open(path, formats=["PNG"]) as picture:
            text = getattr(picture, "text", {}).get(KEYWORD)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise GraphError.of(f"not a PNG that can be read: {error}", where=Place(str(path))) from None
    if not isinstance(text, str):
        hint = "give a picture that noisegraph wrote, as it was written; many programs drop texts when they save"
        raise GraphError.of("it does not say how it was made", hint, Place(str(path)))
    return str(text)


def _bytes(picture: Image.Image, text: str, captions: Mapping[str, str]) -> bytes:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    for keyword, caption in captions.items():
        info.add_text(keyword, caption)
    info.add_itxt(KEYWORD, text)
    data = io.BytesIO()
    picture.save(data, "PNG", pnginfo=info, compress_level=6)
    return data.getvalue()


def _scaled(picture: Image.Image, scale: float) -> Image.Image:
    from PIL import Image

    if scale == 1:
        return picture
    size = (max(round(picture.width * scale), 1), max(round(picture.height * scale), 1))
    return picture.resize(size, Image.Resampling.BOX)


def _fitting(text: str, fits: Callable[[str], bool]) -> str:
    """The text, shortened until it fits."""
    if fits(text):
        return text
    while text and not fits(f"{text}..."):
        text = text[:-1]
    return f"{text}..."
