"""A folder of pictures with captions, as trainers know it: a text file beside each, or one list of them all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, NoReturn

import noisegraph as ng

from .settings import Part

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

Fit = Literal["crop", "pad"]
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif")
LINES, TABLE = "metadata.jsonl", "captions.json"
"""The lists that a folder may hold: a JSON object a line with a `file_name`, or one object by file name."""
WORDS = ("text", "caption")
"""What the words are called in them."""
TOLD = 5
"""So many names stand in an error."""


class Pair(NamedTuple):
    """A picture's file and its caption."""

    path: Path
    caption: str


def pairs(folder: Path) -> list[Pair]:
    """The pictures of a folder and of those in it, by name, with their captions; raises NodeError."""
    if not folder.is_dir():
        raise ng.NodeError(f"'{folder}' is no folder", "name one that holds pictures and captions")
    found = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if _is_picture(path)}
    if not found:
        raise ng.NodeError(f"the folder '{folder}' holds no pictures", f"put files there that end in {_or(PICTURES)}")
    for path in found.values():
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ng.NodeError(f"'{path}' is a link that leads out of the folder", "copy the picture into it")
    listed = _listed(folder)
    if missing := [name for name in listed if name not in found]:
        told = f"the list in '{folder}' names pictures that are not there: {_some(missing)}"
        raise ng.NodeError(told, "write names as they are below the folder")
    captions = {name: listed.get(name) or _beside(path) for name, path in found.items()}
    if bare := [name for name, caption in captions.items() if not caption]:
        told = f"{len(bare)} of {len(found)} pictures in '{folder}' have no caption: {_some(bare)}"
        raise ng.NodeError(told, f"write NAME.txt beside each, or {LINES} or {TABLE}")
    return [Pair(path, str(captions[name])) for name, path in found.items()]


def parted(found: Sequence[Pair], part: Part, every: int) -> list[Pair]:
    """The pictures of a part: held out is one in `every`, at least one, by content, so that copies stay together.

    Raises NodeError where all pictures are the same one.
    """
    if part == "all":
        return list(found)
    contents = [ng.digest(one.path) for one in found]
    kinds = sorted(set(contents))
    if len(kinds) == 1:
        told = f"the folder holds one picture, '{found[0].path.name}': none can be held out"
        raise ng.NodeError(told, "add others, or take the part all")
    apart = set(kinds[: max(1, len(kinds) // every)])
    return [one for one, content in zip(found, contents, strict=True) if (content in apart) == (part == "held out")]


def pixels(path: Path, size: int, fit: Fit) -> Tensor:
    """A picture as a square: its middle, or the whole of it on white: uint8 [3, size, size]; raises NodeError."""
    import numpy
    import torch
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as opened:
            upright = ImageOps.exif_transpose(_of_eight_bits(opened)).convert("RGBA")
    except (OSError, EOFError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ng.NodeError(f"the picture '{path}' cannot be read: {error}", "mend it or take it away") from error
    plain = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright).convert("RGB")
    return torch.from_numpy(numpy.array(_square(plain, size, fit))).permute(2, 0, 1).contiguous()


def _of_eight_bits(picture: Image) -> Image:
    """A picture whose grey levels Pillow can turn into colours: of more than 8 bits it would make white."""
    if not picture.mode.startswith("I"):
        return picture
    return picture.convert("I").point(lambda value: value * (1 / 257)).convert("L")


def _square(picture: Image, size: int, fit: Fit) -> Image:
    from PIL import Image, ImageOps

    if fit == "crop":
        return ImageOps.fit(picture, (size, size), Image.Resampling.LANCZOS)
    return ImageOps.pad(picture, (size, size), Image.Resampling.LANCZOS, color="white")


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURES and not path.name.startswith(".") and path.is_file()


def _beside(path: Path) -> str:
    """What is written in the text file beside a picture; nothing where there is none."""
    text = path.with_suffix(".txt")
    return " ".join(_text(text).split()) if text.is_file() else ""


def _listed(folder: Path) -> dict[str, str]:
    """The captions that the folder's lists hold, by name."""
    found: dict[str, str] = {}
    if (folder / LINES).is_file():
        for number, told in _lines(folder / LINES):
            name, words = told.get("file_name"), _words(told)
            if not isinstance(name, str) or words is None:
                _refuse(f"line {number} of '{folder / LINES}' has no file_name or no {_or(WORDS)}")
            if name in found:
                _refuse(f"line {number} of '{folder / LINES}' tells of '{name}' a second time")
            found[name] = words
    if (folder / TABLE).is_file():
        for name, told in _object(folder / TABLE, _text(folder / TABLE)).items():
            words = told if isinstance(told, str) else _words(told)
            if words is None:
                _refuse(f"'{name}' in '{folder / TABLE}' has no {_or(WORDS)}")
            found[name] = words
    return found


def _text(path: Path) -> str:
    """A caption's or a list's text, without the mark that editors of Windows put before it."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ng.NodeError(f"'{path}' is not written in UTF-8", "save it so") from error


def _lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if line.strip():
            yield number, _object(f"line {number} of '{path}'", line)


def _object(where: Path | str, text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        _refuse(f"{where} is no JSON: {error}")
    if not isinstance(found, dict):
        _refuse(f"{where} is no JSON object")
    return dict(found)


def _words(told: Any) -> str | None:
    """The words of an entry: the first of the fields that may hold them."""
    given = [told[field] for field in WORDS if field in told] if isinstance(told, dict) else []
    return given[0] if given and isinstance(given[0], str) else None


def _refuse(told: str) -> NoReturn:
    raise ng.NodeError(told, 'write {"file_name": "a.png", "text": "words"} a line, or {"a.png": "words"}')


def _some(names: list[str]) -> str:
    more = f" and {len(names) - TOLD} more" if len(names) > TOLD else ""
    return ", ".join(f"'{name}'" for name in names[:TOLD]) + more


def _or(names: tuple[str, ...]) -> str:
    return " or ".join(names)
