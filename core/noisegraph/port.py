"""One input of a node: its type, and which literals it takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, get_args, get_origin

from .types import describe, members, plain
from .values import FileKind

_PLAIN = (int, float, str, bool, type(None))


@dataclass(frozen=True, eq=False)
class Port:
    """One input of a node: wired (an edge) or a parameter (typed into the file, or wired)."""

    name: str
    annotation: Any = field(repr=False)
    wired: bool
    required: bool
    default: Any
    help: str = ""

    @cached_property
    def type(self) -> Any:
        """The static type, without constraints."""
        return plain(self.annotation)

    @cached_property
    def many(self) -> bool:
        """Whether the port takes a list, so that its wires may be written as one."""
        return any(get_origin(member) is list for member in members(self.annotation))

    @cached_property
    def optional(self) -> bool:
        """Whether the port takes none."""
        return type(None) in members(self.annotation)

    @cached_property
    def file(self) -> FileKind | None:
        """The kind of file that the parameter names, if it names one."""
        return _file_kind(self.annotation)

    @cached_property
    def adapter(self) -> Any:
        """pydantic's TypeAdapter of the annotation, or None where the type is not made of plain data."""
        from pydantic import ConfigDict, TypeAdapter
        from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError

        ours = ConfigDict(allow_inf_nan=False, strict=True)
        for config in (ours, None):  # a dataclass or model brings a configuration of its own
            try:
                made = TypeAdapter(self.annotation, config=config)
            except PydanticSchemaGenerationError:
                return None
            except PydanticUserError:
                continue
            return made if made.pydantic_complete else None  # a class whose annotations only type checkers can read
        return None

    @cached_property
    def simple(self) -> bool:
        """Whether the port takes numbers, texts, true and false, and none, no more."""
        return all(member in _PLAIN for member in members(self.annotation))

    @cached_property
    def scalar(self) -> bool:
        """Whether the port is a parameter that takes these alone, and no file."""
        return self.simple and not self.wired and self.file is None

    @cached_property
    def strict(self) -> Callable[[Any], Any]:
        """Validates a literal of a simple type; what `accept` does, without its words."""
        return self.adapter.validator.validate_python  # type: ignore[no-any-return]

    def accept(self, value: Any) -> Any:
        """The value as the function receives it; raises ValueError with what was found and wanted.

        Nothing is coerced: an int may stand for a float, a list for a tuple, a string for an enum's value; no more.
        """
        if self.adapter is None:
            if value is None and self.optional:
                return None
            raise ValueError(f'is of type {describe(self.type)}, which cannot be written down; wire it: "${self.name}"')
        try:
            if self.simple:
                return self.strict(value)
            accepted = self._from_json(value)
            same = self._from_json(self.dump(accepted)) == accepted
        except ValueError as error:  # pydantic's ValidationError is one; to import it here would cost each call
            raise ValueError(_explain(error, value)) from None
        if not same:  # values that differ would have one key
            raise ValueError(f"is of type {describe(self.type)}, whose values do not come back from JSON as they were")
        return accepted

    def _from_json(self, value: Any) -> Any:
        return self.adapter.validate_json(json.dumps(value, sort_keys=True), strict=True)

    def dump(self, value: Any) -> Any:
        """The JSON form of an accepted value or of a default."""
        if type(value) in _PLAIN or self.adapter is None:
            return value
        return self.adapter.dump_python(value, mode="json")

    @property
    def written(self) -> bool:
        """Whether the default can be written down: it is part of keys, of the schema and of what a plan tells."""
        try:
            return type(self.default) in _PLAIN or bool(json.dumps(self.dump(self.default)))
        except (TypeError, ValueError, RecursionError):
            return False


def _file_kind(annotation: Any) -> FileKind | None:
    if get_origin(annotation) is Annotated:
        found = [note for note in annotation.__metadata__ if isinstance(note, FileKind)]
        return found[0] if found else _file_kind(get_args(annotation)[0])
    return next((kind for part in get_args(annotation) if (kind := _file_kind(part))), None)


def _explain(error: Any, value: Any) -> str:
    plain: dict[str, Any] = {"loc": (), "msg": str(error)}
    first = error.errors(include_url=False)[0] if hasattr(error, "errors") else plain
    place, found = _place(first["loc"], value)
    shown = json.dumps(found, default=str)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    message = (first["msg"][:1].lower() + first["msg"][1:]).removeprefix("input ")  # the port is its subject
    return f"{message}{f' ({place})' if place else ''}, found {shown}"


def _place(steps: Sequence[str | int], value: Any) -> tuple[str, Any]:
    """Where within a list or an object the fault lies, and what stands there; of a list of plain values, all of it.

    pydantic's own names for the members of a union, which nobody wrote, are left out.
    """
    path: list[str | int] = []
    inner = value
    for index, step in enumerate(steps):
        if isinstance(inner, Mapping) and (step in inner or index == len(steps) - 1):
            path, inner = [*path, step], inner.get(step, inner)
        elif isinstance(inner, list) and isinstance(step, int) and step < len(inner):
            path, inner = [*path, step], inner[step]
    where = ".".join(map(str, path))
    if all(isinstance(step, int) for step in path):
        return f"item {where}" if path else "", value
    return f"at {where}", inner
