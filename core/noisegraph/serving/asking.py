"""What the worker is asked: a line of JSON to a command, and a command to a request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..devices import Device
from ..errors import GraphError, did_you_mean
from ..opening import opened, parsed
from ..plan import Plan
from ..registry import Registry
from ..request import EVERYTHING, Request, afresh
from ..written import Graph
from .protocol import Message

COMMANDS = ("run", "plan", "cancel", "schema", "preview_size", "pause", "resume", "step")


class CommandError(Exception):
    """A command that cannot be understood."""


def understood(text: str) -> Message:
    """The command on a line; raises CommandError."""
    try:
        command = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CommandError(f"a command is one line of JSON: {error}") from None
    if not isinstance(command, dict) or "command" not in command:
        raise CommandError('a command says which it is: {"command": "run", "run": "1", "path": "my.json"}')
    kind = command["command"]
    if kind not in COMMANDS:
        hint = did_you_mean(str(kind), COMMANDS) or f"there are {', '.join(COMMANDS)}"
        raise CommandError(f"no command {str(kind)[:80]!r}; {hint}")
    return command


def asked(command: Message, registry: Registry, device: Device) -> Request:
    """The request that a run or plan command makes; on the worker's device unless it names another."""
    graph, given = _graph(command, registry)
    sweep = _object(command, "sweep")
    return Request(
        graph,
        {name: value for name, value in given.items() if name not in sweep} | _object(command, "inputs"),
        sweep,
        command.get("until"),
        str(command.get("device", device.name)),
        str(command.get("dtype", device.dtype if "device" not in command else "auto")),
    )


def _graph(command: Message, registry: Registry) -> tuple[Graph, Mapping[str, Any]]:
    """The graph that a command holds or names, and the inputs that came with it."""
    if isinstance(command.get("path"), str) and command["path"] != "-":
        found = opened(command["path"], registry)
        return found.graph, found.given
    graph = command.get("graph")
    if not isinstance(graph, (str, dict)):
        raise GraphError.of("no graph", 'give its text or object as "graph", or its file or name as "path"')
    text = graph if isinstance(graph, str) else json.dumps(graph, indent=2)
    folder = Path(str(command["folder"])) if command.get("folder") else Path.cwd()
    return parsed(text.encode("utf-8", "surrogatepass"), str(command.get("name", "graph")), folder, registry), {}


def _object(command: Message, key: str) -> dict[str, Any]:
    value = command.get(key) or {}
    if not isinstance(value, dict) or (key == "sweep" and not all(isinstance(one, list) for one in value.values())):
        raise GraphError.of(f"'{key}' is no object" + (" of lists" if key == "sweep" else ""))
    return value


def afresh_in(command: Message, plan: Plan) -> set[int]:
    """The tasks that a command wants run though they are cached."""
    wanted = command.get("fresh") or []
    return afresh(plan, [EVERYTHING] if wanted is True else [str(node) for node in wanted])
