"""The graph that is open, as a value: every edit is a new document, which remembers those before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from ...errors import GraphError, Problem
from ..outline import Outline, outline
from . import disk

MOST_CHANGES = 1000
"""How many edits can be undone."""
Standing: TypeAlias = Literal["new", "same", "changed", "gone"]


class Change(NamedTuple):
    """An edit: what it did, in words, and the text on its other side."""

    label: str
    text: str


class ChangedOnDiskError(Exception):
    """The file is not as it was when it was read: to write it would undo what another program wrote."""


@dataclass(frozen=True)
class Document:
    """A graph's text, and the file that it was read from or will be written to."""

    text: str
    path: Path = Path("graph.json")
    clean: str = ""
    """The text as it was opened or last saved."""
    stamp: disk.Stamp | None = None
    """The file as it was then; None for a graph that was never in its file, such as one of the library."""
    done: tuple[Change, ...] = field(default=(), repr=False)
    undone: tuple[Change, ...] = field(default=(), repr=False)

    @classmethod
    def open(cls, path: Path) -> Document:
        """The graph in a file; raises GraphError where it cannot be read."""
        before = disk.stamp(path)
        text = disk.read(path)
        return cls(text, path, text, before)

    @classmethod
    def like(cls, text: str, path: Path) -> Document:
        """A new graph from a template, to be written to `path`."""
        return cls(text, path, text)

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def dirty(self) -> bool:
        """Whether there is something to save."""
        return self.text != self.clean

    @property
    def label(self) -> str:
        """What the last edit did."""
        return self.done[-1].label if self.done else ""

    @property
    def again(self) -> str:
        """What `redo` would do."""
        return self.undone[-1].label if self.undone else ""

    @cached_property
    def data(self) -> Mapping[str, Any]:
        """The graph as plain data; raises GraphError where the text is not a graph's."""
        from ...reading.source import read

        return read(self.text, self.name)

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """What keeps the text from being JSON; while there is any, no edit but of the text is possible."""
        try:
            self.data  # noqa: B018
        except GraphError as error:
            return error.problems
        return ()

    @cached_property
    def outline(self) -> Outline:
        """The graph in outline; that of the last text that could be read, while this one cannot be."""
        if not self.problems:
            return outline(self.data)
        before = next((older for older in map(self._with, reversed(self.done)) if not older.problems), None)
        return before.outline if before else Outline()

    def _with(self, change: Change) -> Document:
        return Document(change.text, self.path)

    def changed(self, text: str, label: str) -> Document:
        """With another text, by an edit that can be undone."""
        if text == self.text:
            return self
        return replace(self, text=text, done=(*self.done, Change(label, self.text))[-MOST_CHANGES:], undone=())

    def undo(self) -> Document:
        """Before the last edit."""
        if not self.done:
            return self
        last = self.done[-1]
        undone = (*self.undone, Change(last.label, self.text))
        return replace(self, text=last.text, done=self.done[:-1], undone=undone)

    def redo(self) -> Document:
        """After the edit that was undone last."""
        if not self.undone:
            return self
        next_one = self.undone[-1]
        done = (*self.done, Change(next_one.label, self.text))
        return replace(self, text=next_one.text, done=done, undone=self.undone[:-1])

    @property
    def on_disk(self) -> Standing:
        """How the file stands to what was read from it."""
        now = disk.stamp(self.path)
        if self.stamp is None:
            return "new" if now is None else "changed"
        if now is None:
            return "gone"
        if now == self.stamp:
            return "same"
        try:
            return "same" if disk.read(self.path) == self.clean else "changed"
        except GraphError:
            return "changed"

    def save(self, over: bool = False) -> Document:
        """Written to its file; raises ChangedOnDiskError where another program wrote there, unless `over`."""
        if self.on_disk == "changed" and not over:
            raise ChangedOnDiskError(str(self.path))
        return replace(self, clean=self.text, stamp=disk.write(self.path, self.text))

    def save_as(self, path: Path, over: bool = False) -> Document:
        """Written to another file, which is the document's from then on."""
        return replace(self, path=path, stamp=None).save(over)

    def reread(self) -> Document:
        """As the file is now, by an edit that can be undone; raises GraphError where it cannot be read."""
        fresh = Document.open(self.path)
        return replace(self.changed(fresh.text, "take over what is on disk"), clean=fresh.text, stamp=fresh.stamp)
