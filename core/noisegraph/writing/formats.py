"""Values as the bytes of files: pictures as PNG, tensors and weights as safetensors, plain data as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, get_args, get_origin

from ..store.arrays import is_array
from ..store.codecs import Codec, encode
from ..types import is_tensor, members, plain
from ..values import Image, Mask, WeightsFile
from .picture import KEYWORD, Pixels, pixels, png

PICTURES = (Image, Mask)
DATA = (str, int, float, bool, type(None))


class File(NamedTuple):
    """A file to write: what its name has behind the run's, and its bytes."""

    tail: str
    data: bytes


def pictures_of(value: Any, kind: Any) -> list[Pixels] | None:
    """The pictures that the value is, or None where its type says that it is something else."""
    kind = plain(kind)
    if get_origin(kind) is list and isinstance(value, list):
        found = [pictures_of(item, get_args(kind)[0]) for item in value]
        return [one for batch in found for one in batch or ()] if found and None not in found else None
    if not any(member in PICTURES for member in members(kind)) or not (is_tensor(value) or is_array(value)):
        return None
    return pixels(value)


def picture_files(pictures: Sequence[Pixels], tail: str, texts: Sequence[tuple[str, Mapping[str, str]]]) -> list[File]:
    """A file for each picture, with its text and captions; numbered where there are several."""
    width = len(str(len(pictures) - 1))
    several = len(pictures) > 1
    return [
        File(f"{tail}-{index:0{width}d}.png" if several else f"{tail}.png", png(picture, *text))
        for index, (picture, text) in enumerate(zip(pictures, texts, strict=True))
    ]


def files_of(value: Any, tail: str, text: str, codecs: Sequence[Codec]) -> Iterator[File]:
    """The files of a value that is no picture; none where no file can hold it."""
    if isinstance(value, WeightsFile):
        yield File(f"{tail}.safetensors", _safetensors(value.tensors, {}))
        yield File(f"{tail}.json", _json(dict(value.card), indent=2))
    elif is_tensor(value) or is_array(value):
        yield File(f"{tail}.safetensors", _safetensors({"value": value}, {KEYWORD: text}))
    elif _is_data(value):
        yield File(f"{tail}.json", _json(value))
    elif isinstance(value, Mapping) and all(map(is_tensor, value.values())):
        yield File(f"{tail}.safetensors", _safetensors(value, {KEYWORD: text}))
    elif (data := encode(value, codecs)) is not None:
        yield File(f"{tail}.safetensors", data)


def _is_data(value: Any) -> bool:
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return all(map(_is_data, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_data(item) for key, item in value.items())
    return type(value) in DATA


def _json(value: Any, indent: int | None = None) -> bytes:
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return f"{text}\n".encode("utf-8", "backslashreplace")


def _safetensors(tensors: Mapping[str, Any], text: dict[str, str]) -> bytes:
    if all(map(is_array, tensors.values())):
        from safetensors.numpy import save as save_arrays

        return save_arrays(dict(tensors), text or None)
    from safetensors.torch import save

    seen: set[int] = set()
    apart = {}
    for name, tensor in tensors.items():
        tensor = tensor.detach().cpu().contiguous()
        storage = tensor.untyped_storage().data_ptr()
        apart[name] = tensor.clone() if storage in seen else tensor  # the format knows no shared memory
        seen.add(storage)
    return save(apart, text or None)
