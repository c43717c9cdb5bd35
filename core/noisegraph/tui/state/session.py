"""What is remembered from one time to the next: the graph, the queue, how things looked, drafts."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .aside import Aside
from .queue import Entry, Queue

_SUBFOLDER = "tui"


@dataclass(frozen=True)
class Session:
    """Plain data, as it stands in the file."""

    graph: str = ""
    """The path, or the name in the library."""
    theme: str = ""
    view: str = ""
    pane: str = ""
    next_run: int = 1
    queue: tuple[Mapping[str, Any], ...] = ()
    filter: str = ""
    """Which results are shown."""

    def queued(self) -> Queue:
        """The runs that waited."""
        return Queue(
            tuple(
                Entry(str(one["id"]), str(one["title"]), dict(one["command"]))
                for one in self.queue
                if isinstance(one, dict) and isinstance(one.get("command"), dict) and {"id", "title"} <= one.keys()
            )
        )


@dataclass(frozen=True)
class Draft:
    """The text of a graph that was edited and not saved."""

    path: str
    text: str
    clean: str = field(default="")
    """The text that it began from."""


class Memory:
    """The files in which it is remembered; what cannot be read counts as not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / _SUBFOLDER

    def session(self) -> Session:
        """What was remembered last."""
        told = _read(self._folder / "session.json")
        wanted = {name: type(value) for name, value in asdict(Session()).items()}
        known = {name: value for name, value in told.items() if name in wanted}
        lists = {name: tuple(value) for name, value in known.items() if isinstance(value, list)}
        kept = known | lists
        return Session(**{name: value for name, value in kept.items() if isinstance(value, wanted[name])})

    def remember(self, session: Session) -> None:
        """Write it down; raises OSError."""
        _write(self._folder / "session.json", asdict(session))

    def draft(self, path: Path) -> Draft | None:
        """The draft of a graph, if there is one."""
        told = _read(self._draft_file(path))
        if not isinstance(told.get("text"), str) or told.get("path") != str(path):
            return None
        return Draft(str(path), told["text"], str(told.get("clean", "")))

    def keep(self, draft: Draft) -> None:
        """Write a draft down; raises OSError."""
        _write(self._draft_file(Path(draft.path)), asdict(draft))

    def forget(self, path: Path) -> None:
        """The graph was saved: there is no draft any more."""
        self._draft_file(path).unlink(missing_ok=True)

    def aside(self, path: Path) -> Aside:
        """What is remembered of a graph beside its file."""
        told = _read(self._file("graphs", path))
        return Aside.of(told) if told.get("path") == str(path) else Aside()

    def put_aside(self, path: Path, aside: Aside) -> None:
        """Write it down; raises OSError."""
        _write(self._file("graphs", path), {"path": str(path), **aside.told()})

    def _draft_file(self, path: Path) -> Path:
        return self._file("drafts", path)

    def _file(self, kind: str, path: Path) -> Path:
        number = zlib.crc32(str(path).encode("utf-8", "surrogatepass"))
        return self._folder / kind / f"{path.stem[:40]}-{number:08x}.json"


def _read(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        new.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8", errors="surrogatepass")
        os.replace(new, path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
