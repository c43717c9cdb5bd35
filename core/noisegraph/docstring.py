"""A node's docstring taken apart: what it says of the node, and what of each of its ports."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple


class Docstring(NamedTuple):
    """`about` is all but the lines `port: ...`, and those indented below them, which `ports` holds by port."""

    about: str
    ports: dict[str, str]


def apart(doc: str, names: Collection[str]) -> Docstring:
    """The docstring of a node with ports of these names; its first line is the node's own in any case."""
    about: list[str] = []
    ports: dict[str, str] = {}
    port, indent = "", 0
    for number, line in enumerate(doc.splitlines()):
        head, colon, tail = line.strip().partition(": ")
        depth = len(line) - len(line.lstrip())
        if number and colon and head.strip("`") in names:
            port, indent = head.strip("`"), depth
            ports[port] = tail.strip()
        elif port and line.strip() and depth > indent:
            ports[port] += f" {line.strip()}"
        else:
            port = ""
            about.append(line)
    return Docstring("\n".join(about).strip(), ports)
