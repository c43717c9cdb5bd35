"""One task performed: its node called, its loop driven, and whatever goes wrong told as an event."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from ..devices import current, out_of_memory, using
from ..errors import NodeError, Place, Problem, said
from ..events import Event, NodeFailed
from ..keys import Provenance
from ..loop import Loop
from ..resident import free_memory
from ..store.cache import Cache
from ..task import Task
from .drive import drive
from .guard import MisbehaviourError, check_value, stamp, summary
from .prints import Prints

_HERE = Path(__file__).parent


class Failed(Exception):
    """A task failed; `event` tells how, `damaged` names the ports whose values it changed in place."""

    def __init__(self, event: NodeFailed, damaged: tuple[str, ...] = ()) -> None:
        super().__init__(event.message)
        self.event = event
        self.damaged = damaged


class Performer:
    """Calls nodes. Knows whence the run's values came, so that the steps of loops have keys."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache
        self.provenance = Provenance(cache.living)
        self.prints = Prints()
        self.warned: list[Problem] = []

    def drain(self) -> list[Problem]:
        """The warnings since last asked."""
        told, self.warned = self.warned, []
        return told

    def perform(self, task: Task, arguments: Mapping[str, Any], resume: bool) -> Generator[Event, None, Any]:
        """Call the task's node and drive its loop, from the latest stored step if it may resume.

        Returns the value, raises Failed.
        """
        before: dict[str, Any] = {}
        try:
            before |= {name: stamp(arguments[name]) for name, _ in (*task.reads, *task.lists)}
            value = yield from self._perform(task, arguments, resume)
            damaged = _changed(before, arguments)
            if damaged:
                told = f"{task.spec.full_name} changed its input '{damaged[0]}' in place; it must work on a copy"
                raise MisbehaviourError("mutated", told)
            check_value(task.spec, value)
        except (GeneratorExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise Failed(_told(task, arguments, error), _changed(before, arguments)) from error
        finally:
            self._tell_prints(task)
        return value

    def _perform(self, task: Task, arguments: Mapping[str, Any], resume: bool) -> Generator[Event, None, Any]:
        if task.device is not None:
            with using(current().on(task.device)):
                return (yield from self._call(task, arguments, resume))
        return (yield from self._call(task, arguments, resume))

    def _call(self, task: Task, arguments: Mapping[str, Any], resume: bool) -> Generator[Event, None, Any]:
        try:
            value = self._ask(task.spec.function, **arguments)
        except Exception as error:
            if not out_of_memory(error):
                raise
            free_memory()
            value = self._ask(task.spec.function, **arguments)
        if isinstance(value, Loop) and task.spec.loops:
            return (yield from drive(task, value, self.cache, self.provenance, self._ask, resume))
        return value

    def _ask(self, function: Callable[..., Any], *values: Any, **arguments: Any) -> Any:
        """Call code of a node; what it raises ends the node, not the generator that it is called in."""
        try:
            return self.prints.call(function, *values, **arguments)
        except (GeneratorExit, StopIteration) as error:
            raise RuntimeError(f"the node raised {type(error).__name__}") from error

    def _tell_prints(self, task: Task) -> None:
        text = self.prints.take()
        if text:
            shown = text if len(text) <= 500 else f"{text[:500]}... ({len(text)} characters)"
            hint = "return what matters, or use the logging module"
            self.warned.append(Problem(Place(path=task.id), f"{task.spec.full_name} printed: {shown.strip()}", hint))


def _changed(before: Mapping[str, Any], arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """The ports whose values are no longer what their stamps said."""
    return tuple(name for name, was in before.items() if stamp(arguments[name]) != was)


def _told(task: Task, arguments: Mapping[str, Any], error: BaseException) -> NodeFailed:
    text = said(error)
    kind, message = "error", f"{type(error).__name__}: {text}" if text else type(error).__name__
    if isinstance(error, MisbehaviourError):
        kind, message = error.kind, text
    elif isinstance(error, NodeError):
        message = f"{text}; {error.hint}" if error.hint else text
    elif isinstance(error, SystemExit):
        kind, message = (
            "exited",
            f"{task.spec.full_name} called sys.exit({error.code!r}); a node raises an error instead",
        )
    elif out_of_memory(error):
        kind = "memory"
        message = f"out of memory, also after all that could be freed was: {text}; try a smaller batch or picture"
    shown = {name: summary(value) for name, value in arguments.items()}
    own = "".join(traceback.format_exception(type(error), error, _trimmed(error.__traceback__), chain=False))
    if isinstance(error, NodeError):
        own = ""  # its message says all that its author had to say
    whole = "".join(traceback.format_exception(error))
    return NodeFailed(task.id, task.spec.full_name, kind, message, shown, own, whole)


def _trimmed(frames: TracebackType | None) -> TracebackType | None:
    """The traceback from the node's own code on."""
    trimmed = frames
    while trimmed is not None and Path(trimmed.tb_frame.f_code.co_filename).parent == _HERE:
        trimmed = trimmed.tb_next
    return trimmed
