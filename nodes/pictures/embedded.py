"""What `noisegraph show` tells of pictures that other programs made: what stands in them of how they were made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import noisegraph as ng

from . import a1111, comfyui

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
_EXIF, _MAKE, _MODEL, _DESCRIPTION, _COMMENT = 0x8769, 0x010F, 0x0110, 0x010E, 0x9286
"""Entries of EXIF: where its own part lies, and where programs put texts."""
_ENCODINGS = {b"UNICODE\x00": "", b"ASCII\x00\x00\x00": "ascii", b"JIS\x00\x00\x00\x00\x00": "shift_jis"}
"""The first eight bytes of a user's comment; `UNICODE` is UTF-16 in the byte order of whoever wrote it."""
_READERS = {"parameters": a1111.read, "prompt": comfyui.read, "workflow": comfyui.read_workflow}
_WRITERS = {"parameters": "A1111, or in its form", "prompt": "ComfyUI", "workflow": "ComfyUI"}


def described(path: Path) -> Mapping[str, Mapping[str, str]] | None:
    """Sections of rows; None for what is no picture by its name, or says nothing. Raises NodeError for damaged ones."""
    from PIL import Image

    if path.is_dir() or path.suffix.lower() not in SUFFIXES:
        return None
    try:
        with Image.open(path) as picture:
            size, texts = f"{picture.width} x {picture.height}", dict(_texts(picture))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ng.NodeError(f"no picture that can be read: {error}", "save it again, or download it again") from None
    for keyword, read in _READERS.items():
        found = read(texts[keyword]) if keyword in texts else None
        if found is not None:
            return {"picture": {"size": size, "made by": _WRITERS[keyword]}, **_flat(found)}
    return None


def _flat(sections: Mapping[str, Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
    """Each row on one line; no section without rows."""
    return {
        title: {name: " ".join(value.split()) for name, value in rows.items()}
        for title, rows in sections.items()
        if rows
    }


def _texts(picture: Any) -> Iterator[tuple[str, str]]:
    """Keyword -> text: those of a PNG, and those that stand in EXIF."""
    yield from ((key, value) for key, value in picture.info.items() if isinstance(value, str))
    yield from ((key, str(value)) for key, value in getattr(picture, "text", {}).items())
    exif = picture.getexif()
    comment = exif.get_ifd(_EXIF).get(_COMMENT)
    if comment:
        yield "parameters", _decoded(comment)
    for entry in (_MAKE, _MODEL, _DESCRIPTION):
        keyword, colon, text = str(exif.get(entry, "")).partition(":")
        if colon and keyword.lower() in ("prompt", "workflow"):
            yield keyword.lower(), text.rstrip("\0")


def _decoded(comment: bytes | str) -> str:
    """A user's comment as text."""
    if isinstance(comment, str):
        return comment
    encoding, text = _ENCODINGS.get(comment[:8]), comment[8:]
    if encoding is None:
        return comment.decode("utf-8", "replace")
    if encoding:
        return text.decode(encoding, "replace")
    # Text in Latin letters has its zeros first in big-endian, second in little-endian.
    big = text[0::2].count(0) >= text[1::2].count(0)
    return text.decode("utf-16-be" if big else "utf-16-le", "replace")
