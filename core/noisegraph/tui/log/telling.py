"""Which of the worker's messages are worth a line in the log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...quantities import duration
from ..link.lines import Message
from ..paths import short_path
from .ring import Level


def lines_of(messages: Iterable[Message]) -> Iterator[tuple[Level, str, str]]:
    """For each such message: how grave, of which node, and what."""
    for message in messages:
        try:
            told = _line(message)
        except (ValueError, TypeError, KeyError, AttributeError):  # from a worker of another version
            told = "warn", "", f"not understood: {str(message)[:200]}"
        if told is not None:
            yield told


def _line(message: Message) -> tuple[Level, str, str] | None:
    node, run = str(message.get("node") or ""), str(message.get("run") or "")
    match message["event"]:
        case "ready":
            return "info", "", f"worker ready: {message.get('name')}, torch {message.get('torch')}"
        case "warning":
            return "warn", node, _sentence(message)
        case "error" if not run.startswith("plan-"):
            return "error", node, str(message.get("message", ""))
        case "node" if message.get("state") == "done":
            return "info", node, f"done in {duration(float(message.get('seconds') or 0))}"
        case "plan" if not run.startswith("plan-"):
            return "info", "", f"run #{run}: {message.get('to_run')} to run, {message.get('cached')} cached"
        case "cancelled":
            return "warn", "", f"run #{run} was cancelled"
        case "done":
            failed = int(message.get("failed") or 0)
            told = f"run #{run} ended after {duration(float(message.get('seconds') or 0))}"
            return ("error" if failed else "info"), "", told + (f", {failed} failed" if failed else "")
        case "result":
            files = [file for point in message.get("points", ()) for paths in point["files"].values() for file in paths]
            return ("info", "", "wrote " + ", ".join(map(short_path, files))) if files else None
    return None


def _sentence(message: Message) -> str:
    hint = message.get("hint")
    return f"{message.get('what', '')}{f'; {hint}' if hint else ''}"
