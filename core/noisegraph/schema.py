"""The JSON Schema of a graph file for the nodes that are installed, so that editors complete and check it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from .checking.flat import DEVICE
from .devices import DTYPES
from .errors import GraphError
from .graph import library, load
from .node import RESERVED, NodeSpec
from .port import Port
from .registry import Registry

Schema: TypeAlias = dict[str, Any]

_REFERENCE: Schema = {"$ref": "#/$defs/reference"}
_NAME: Schema = {"pattern": r"^[^\s.$0-9-][^\s.$]*$"}
_DEFINITIONS: Schema = {
    "reference": {
        "type": "string",
        "pattern": r"^\$[^$]",
        "description": 'An input, a node, or a field of one: "$input", "$node", "$node.field".',
    }
}


def schema(specs: Mapping[str, NodeSpec], graphs: Mapping[str, Mapping[str, Any]]) -> Schema:
    """The schema (2020-12) of graph files for `specs`, nodes by full name, and `graphs`, the library's by name, each
    with its inputs and their defaults (None where a value must be given).

    A node is told apart by its `use`: one if/then a node, so that the schema is linear in the ports that are installed
    and an editor's complaint is about the node that is meant. Graphs used by path are taken as they are.
    """
    definitions = dict(_DEFINITIONS)
    uses = {name: spec.help for name, spec in specs.items()}
    uses |= {name: f"The graph '{name}' of the library." for name in graphs}
    branches = [_branch(name, _node(name, spec, definitions)) for name, spec in specs.items()]
    branches += [_branch(name, _graph(inputs)) for name, inputs in graphs.items()]
    definitions["node"] = {
        "type": "object",
        "required": ["use"],
        "properties": {"use": _use(uses), **_RESERVED},
        "allOf": branches or [True],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A noisegraph graph",
        **_TOP,
        "$defs": definitions,
    }


_RESERVED: Schema = {
    "about": {"type": "string", "description": "What the node is for, in your words."},
    "device": {
        "type": "string",
        "pattern": f"^({DEVICE.pattern})$",
        "description": "Where it runs, if not where the rest does: cpu, cuda, cuda:1, mps.",
        "examples": ["cpu", "cuda"],
    },
    "dtype": {
        "enum": list(DTYPES),
        "description": "What its networks run in, if not in what the rest does; float8 is how they are stored.",
    },
    "cache": {"type": "boolean", "default": True, "description": "Whether its value may be stored."},
}
_TOP: Schema = {
    "type": "object",
    "required": ["nodes", "outputs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string"},
        "about": {"type": "string", "description": "What the graph is for."},
        "paper": {"type": "string", "description": "Who published what the graph shows: authors and year."},
        "inputs": {
            "type": "object",
            "description": "Each input with its default; null where a value must be given.",
            "propertyNames": _NAME,
            "additionalProperties": {"not": _REFERENCE},
        },
        "nodes": {
            "type": "object",
            "description": "Each node under its name.",
            "propertyNames": _NAME,
            "additionalProperties": {"$ref": "#/$defs/node"},
        },
        "outputs": {
            "type": "object",
            "description": "What the graph gives: each output with the reference that it is.",
            "propertyNames": _NAME,
            "additionalProperties": _REFERENCE,
        },
        "sweep": {
            "description": "Values to run through: lists of which every combination is run, or the rows themselves.",
            "anyOf": [
                {"type": "object", "additionalProperties": {"type": "array", "minItems": 1}},
                {"type": "array", "items": {"type": "object"}},
            ],
        },
        "needs": {
            "type": "object",
            "description": 'Plugins that the graph needs, with their versions: {"noisegraph-acme": ">=0.2"}.',
            "additionalProperties": {"type": "string"},
        },
    },
}


def _use(uses: Mapping[str, str]) -> Schema:
    return {
        "type": "string",
        "description": "The node to run, or a graph: its name in the library or its path.",
        "anyOf": [{"enum": list(uses), "enumDescriptions": list(uses.values())}, {"pattern": r"\.json$"}],
    }


def _branch(use: str, then: Schema) -> Schema:
    return {"if": {"required": ["use"], "properties": {"use": {"const": use}}}, "then": then}


def _node(name: str, spec: NodeSpec, definitions: Schema) -> Schema:
    """The object of one node; what its parameters' types define goes to `definitions`."""
    ports = {port.name: _port(port, f"{name}.{port.name}", definitions) for port in spec.ports.values()}
    return {
        "description": spec.doc,
        "required": [port.name for port in spec.ports.values() if port.required],
        "properties": {**dict.fromkeys(RESERVED, True), **ports},
        "additionalProperties": False,
    }


def _graph(inputs: Mapping[str, Any]) -> Schema:
    ports: Schema = {name: {} if value is None else {"default": value} for name, value in inputs.items()}
    return {
        "required": [name for name, value in inputs.items() if value is None],
        "properties": {**dict.fromkeys(RESERVED, True), **ports},
        "additionalProperties": False,
    }


def _port(port: Port, name: str, definitions: Schema) -> Schema:
    found = dict(_any_of(*_choices(port, name, definitions)))
    if about := _about(port):
        found["description"] = about
    if not port.required and port.default is not None:
        found["default"] = _written(port)
    return found


def _choices(port: Port, name: str, definitions: Schema) -> list[Schema]:
    if not port.wired and port.adapter is not None:
        return [_or_references_within(_value(port, name, definitions)), _REFERENCE]
    several: list[Schema] = [{"type": "array", "items": _REFERENCE}] if port.many else []
    nothing: list[Schema] = [{"type": "null"}] if port.optional else []
    return [_REFERENCE, *several, *nothing]


def _value(port: Port, name: str, definitions: Schema) -> Schema:
    """pydantic's schema of the parameter, its definitions hoisted under names of their own."""
    found: Schema = port.adapter.json_schema(ref_template=f"#/$defs/{name}.{{model}}")
    for inner, definition in found.pop("$defs", {}).items():
        definitions[f"{name}.{inner}"] = definition
    return found


def _or_references_within(value: Schema) -> Schema:
    """The schema with references allowed among the items of a list."""
    if "anyOf" in value:
        return {**value, "anyOf": [_or_references_within(part) for part in value["anyOf"]]}
    if "items" in value:
        return {**value, "items": _any_of(value["items"], _REFERENCE)}
    return value


def _any_of(*choices: Schema) -> Schema:
    return choices[0] if len(choices) == 1 else {"anyOf": list(choices)}


def _about(port: Port) -> str:
    suffixes = f"A file that ends in {' or '.join(port.file.suffixes)}." if port.file and port.file.suffixes else ""
    return " ".join(part for part in (port.help, suffixes) if part)


def _written(port: Port) -> Any:
    """The default as it would be typed into a file, where it can be."""
    value = port.dump(port.default)
    if isinstance(value, str) and value.startswith("$"):
        return f"${value}"
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError):
        return None


def installed_schema(registry: Registry) -> Schema:
    """The schema for all nodes that work, and all graphs of the library that can be read."""
    inputs: dict[str, Mapping[str, Any]] = {}
    for name, path in library().items():
        try:
            inputs[name] = load(path).inputs
        except GraphError:
            continue
    return schema(registry.specs(), inputs)
