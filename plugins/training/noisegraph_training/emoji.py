"""Emoji as training data: which there are and what they are called, from the Unicode list; drawn with Noto's font."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import noisegraph as ng

from .dyes import in_colour
from .settings import Part

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont
    from torch import Tensor

LIST = Path("/usr/share/unicode/emoji/emoji-test.txt")
FONT = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
PACKAGES = {LIST: "unicode-data", FONT: "fonts-noto-color-emoji"}
"""The Debian packages that bring the files."""
VERSION = (15, 0)
"""Of Unicode's emoji: later ones are left out, so that every installation gives the same data."""
HELD_OUT = 200
STRIKE = 109
"""The one size that the font's bitmaps have."""
CANVAS = 136
"""Width of a bitmap in pixels."""
_LINE = re.compile(r"(?P<codes>[0-9A-F ]+?)\s*; fully-qualified\s*# \S+ E(?P<major>\d+)\.(?P<minor>\d+) (?P<name>.+)")


class Emoji(NamedTuple):
    """One emoji: its characters, its name, the subgroup that Unicode puts it in, and the colour it is dyed in."""

    text: str
    name: str
    group: str
    colour: str = ""


def parsed(lines: Iterable[str]) -> Iterator[Emoji]:
    """The fully-qualified emoji of an emoji-test.txt, in its order."""
    group = ""
    for line in lines:
        if line.startswith("# subgroup: "):
            group = line.removeprefix("# subgroup: ").strip()
        found = _LINE.match(line)
        if found and (int(found["major"]), int(found["minor"])) <= VERSION:
            yield Emoji("".join(chr(int(code, 16)) for code in found["codes"].split()), found["name"].strip(), group)


def held_out(emoji: Sequence[Emoji]) -> frozenset[str]:
    """The names of the people that no training sees: 200 of those with a skin tone, at most one of each kind.

    Which they are follows from the hash of their names alone; every kind of person is seen with other skin tones.
    """
    toned = [one.name for one in emoji if one.group.startswith("person") and "skin tone" in one.name]
    first: dict[str, str] = {}
    for name in sorted(toned, key=lambda name: hashlib.sha256(name.encode()).digest()):
        first.setdefault(name.partition(": ")[0], name)
    return frozenset(list(first.values())[:HELD_OUT])


def chosen(part: Part) -> list[Emoji]:
    """The emoji of a part of the data."""
    emoji = list(parsed(_present(LIST).read_text(encoding="utf-8").splitlines()))
    apart = held_out(emoji)
    return [one for one in emoji if part == "all" or (one.name in apart) == (part == "held out")]


def drawn(emoji: Sequence[Emoji], size: int) -> Tensor:
    """Each emoji on white: uint8 [emoji, 3, size, size]."""
    import numpy
    import torch
    from PIL import Image

    pictures = [one.resize((size, size), Image.Resampling.HAMMING) for one in glyphs(emoji)]
    return torch.from_numpy(numpy.stack([numpy.asarray(one) for one in pictures])).permute(0, 3, 1, 2).contiguous()


def glyphs(emoji: Iterable[Emoji]) -> Iterator[Image]:
    """Each emoji in the one size that the font has, on white, dyed where it is to be."""
    font = _font()
    for one in emoji:
        glyph = _glyph(one, font)
        yield in_colour(glyph, one.colour) if one.colour else glyph


def version() -> str:
    """The content hash of both files, in hex; of what there is of them."""
    from blake3 import blake3

    return str(blake3(b"".join(path.read_bytes() for path in PACKAGES if path.exists())).hexdigest())


def _glyph(one: Emoji, font: FreeTypeFont) -> Image:
    from PIL import Image, ImageDraw

    if font.getlength(one.text) > 1.2 * CANVAS:
        raise ng.NodeError(f"the font has no picture of '{one.name}'", f"take a later version of {PACKAGES[FONT]}")
    paper = Image.new("RGB", (CANVAS, CANVAS), "white")
    middle = (CANVAS / 2, CANVAS / 2)
    ImageDraw.Draw(paper).text(middle, one.text, font=font, embedded_color=True, anchor="mm")
    return paper


def _font() -> FreeTypeFont:
    from PIL import ImageFont, features

    if not features.check("raqm"):
        raise ng.NodeError(
            "Pillow has no raqm, without which emoji of several characters fall apart", "install libraqm0"
        )
    return ImageFont.truetype(str(_present(FONT)), STRIKE, layout_engine=ImageFont.Layout.RAQM)


def _present(path: Path) -> Path:
    if not path.exists():
        raise ng.NodeError(f"there is no file '{path}'", f"install it: apt-get install {PACKAGES[path]}")
    return path
