"""What all calls of a node on a device have in common in their keys, and what a literal adds to one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import Any, NamedTuple

from . import keys
from .node import NodeSpec
from .port import Port
from .reading import files


class Recipe(NamedTuple):
    """How the key of a call is made."""

    code: bytes
    """What stands for the node's name, its code, and the precision that it runs in."""
    ports: tuple[tuple[str, Callable[[Any], bytes], bytes], ...]
    """Each port with what makes a literal's part of the key, and what stands for its default."""
    pure: bool
    version: Callable[..., Any] | None
    reads: Callable[..., Iterable[str]] | None


@lru_cache(maxsize=4096)
def recipe(spec: NodeSpec, precision: str) -> Recipe:
    """The recipe of a node that runs in this precision, if it wants the device."""
    options = spec.options
    code = keys.digest(spec.fingerprint, keys.literal([spec.full_name, precision if options.device else ""]))
    ports = tuple(
        (name, _encoder(port), b"-" if port.required else keys.literal(port.dump(port.default)))
        for name, port in spec.ports.items()
    )
    return Recipe(code, ports, options.pure, options.version, options.reads)


def _encoder(port: Port) -> Callable[[Any], bytes]:
    return keys.literal if port.scalar else partial(_literal, port)


def _literal(port: Port, value: Any) -> bytes:
    """A literal as part of a key; a file counts by its content."""
    if port.file is not None and value is not None:
        return b"F" + keys.literal([files.digest(path) for path in files.named(value)])
    return keys.literal(port.dump(value))
