"""What is to be known of a node, as plain data: its help, its ports with their types and limits, what it gives."""

from __future__ import annotations

import json
from typing import Any

from .node import NodeSpec
from .port import Port
from .types import describe

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
            }
            for port in spec.ports.values()
        ],
        "output": describe(spec.output),
        "fields": {field: describe(kind) for field, kind in spec.outputs.items()},
    }
