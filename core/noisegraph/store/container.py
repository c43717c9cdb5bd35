"""One safetensors file in memory: a text, blobs of data, and a checksum over every byte of the whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from ..errors import NoisegraphError

HEADER_LIMIT = 100_000_000
"""The longest header that the safetensors library reads, in bytes."""
ALIGNMENT = 64
_START = b'{"__metadata__":{"blake3":"'
_BLANK = b"0" * 64
_SUM = slice(8 + len(_START), 8 + len(_START) + len(_BLANK))
_PARALLEL_FROM = 1 << 20


class CodecError(NoisegraphError):
    """Stored bytes are damaged, or tell of something that is not known here."""


class Blob(NamedTuple):
    """Data with the type and shape that the safetensors header tells; `itemsize` is what it must be aligned to."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes | memoryview
    itemsize: int = 1


class Span(NamedTuple):
    """Where a blob lies in the whole, in bytes."""

    start: int
    length: int


def pack(text: str, blobs: Sequence[Blob]) -> bytes | None:
    """The container's bytes: a blob's name is its number, those of wide types lie first. None: too long a header."""
    entries: dict[str, object] = {"__metadata__": {"blake3": _BLANK.decode(), "noisegraph": text}}
    order = sorted(range(len(blobs)), key=lambda index: -blobs[index].itemsize)
    end = 0
    for index in order:
        blob, start = blobs[index], end
        end += len(blob.data)
        entries[str(index)] = {"dtype": blob.dtype, "shape": blob.shape, "data_offsets": [start, end]}
    header = json.dumps(entries, separators=(",", ":")).encode()
    header += b" " * (-(8 + len(header)) % ALIGNMENT)
    if len(header) > HEADER_LIMIT:
        return None
    head, data = len(header).to_bytes(8, "little") + header, [blobs[index].data for index in order]
    return b"".join([head[: _SUM.start], _checksum(head, data), head[_SUM.stop :], *data])


def check(data: bytes | bytearray | memoryview) -> None:
    """Raise CodecError unless every byte is what was packed."""
    view = memoryview(data)
    if bytes(view[8 : _SUM.start]) != _START or bytes(view[_SUM]) != _checksum(view):
        raise CodecError("the checksum does not match: the data is damaged")


def unpack(data: bytes | bytearray | memoryview) -> tuple[str, dict[str, Span]]:
    """The text, and where each blob lies; raises CodecError for anything but what `pack` made."""
    check(data)
    first = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(bytes(data[8:first]))
    text = header.pop("__metadata__")["noisegraph"]
    spans = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        spans[name] = Span(first + start, end - start)
    return text, spans


def _checksum(head: bytes | memoryview, rest: Sequence[bytes | memoryview] = ()) -> bytes:
    """The hash, in hex, of all parts as they are before the checksum is written into the first."""
    import blake3

    threads = blake3.blake3.AUTO if len(head) + sum(map(len, rest)) >= _PARALLEL_FROM else 1
    hasher = blake3.blake3(head[: _SUM.start], max_threads=threads).update(_BLANK).update(head[_SUM.stop :])
    for part in rest:
        hasher.update(part)
    return hasher.hexdigest().encode()
