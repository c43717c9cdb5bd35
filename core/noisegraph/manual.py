"""What is to be known of nodes and of plugins, as plain data: help, ports, types, limits, what flows where."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, get_args, get_origin

from .node import NodeSpec
from .port import Port
from .registry import Plugin
from .types import describe, fits, members

_BOUNDS = {
    "minimum": ">=",
    "exclusiveMinimum": ">",
    "maximum": "<=",
    "exclusiveMaximum": "<",
    "multipleOf": "multiple of",
}
_LENGTHS = {"minLength": "at least", "maxLength": "at most", "minItems": "at least", "maxItems": "at most"}


def limits(port: Port) -> list[str]:
    """What a parameter's constraints say, in short: `>= 0`, `at most 3 long`."""
    if port.wired or port.adapter is None:
        return []
    whole = port.adapter.json_schema()
    told: list[str] = []
    for part in whole.get("anyOf", [whole]):
        told += [f"{sign} {part[key]}" for key, sign in _BOUNDS.items() if key in part]
        told += [f"{sign} {part[key]} long" for key, sign in _LENGTHS.items() if key in part]
    return list(dict.fromkeys(told))


def told(spec: NodeSpec) -> dict[str, Any]:
    """The node as plain data."""
    return {
        "name": spec.full_name,
        "plugin": spec.plugin,
        "help": spec.help,
        "doc": spec.doc,
        "ports": [
            {
                "name": port.name,
                "type": describe(port.type),
                "wired": port.wired,
                "required": port.required,
                "default": None if port.required else json.loads(json.dumps(port.dump(port.default), default=str)),
                "limits": limits(port),
                "help": port.help,
                "file": None if port.file is None else list(port.file.suffixes),
            }
            for port in spec.ports.values()
        ],
        "output": describe(spec.output),
        "fields": {field: describe(kind) for field, kind in readable(spec).items()},
        "loops": spec.loops,
    }


def readable(spec: NodeSpec) -> dict[str, Any]:
    """The fields of the node's value that a graph may want: of which it is known what they are."""
    return {field: kind for field, kind in spec.outputs.items() if kind is not Any}


def told_plugin(plugin: Plugin) -> dict[str, Any]:
    """The plugin as plain data; `error` says what keeps it out, or is None."""
    return {
        "name": plugin.name,
        "module": plugin.module,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "nodes": list(plugin.nodes),
        "error": plugin.error or None,
    }


def flows(specs: Iterable[NodeSpec]) -> dict[str, list[str]]:
    """For each type that nodes give, the types of ports, and of items of listed ports, that it may flow into."""
    specs = list(specs)
    wanted = {describe(kind): kind for spec in specs for port in spec.ports.values() for kind in _wanted(port)}
    given = {describe(kind): kind for spec in specs for kind in (spec.output, *spec.outputs.values())}
    return {name: [into for into, port in wanted.items() if fits(kind, port)] for name, kind in given.items()}


def _wanted(port: Port) -> list[Any]:
    items = [item for kind in members(port.type) if get_origin(kind) is list for item in get_args(kind)]
    return [port.type, *items]
