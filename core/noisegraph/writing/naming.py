"""Files written whole, under names that no file has yet, though other runs may write to the folder at the same time."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from ..errors import GraphError, Place

_LONGEST = 80


def make_folder(folder: Path) -> None:
    """Make the output folder, and try that a file can be written there; raises GraphError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0" * 4096)
    except OSError as error:
        raise _not_written(folder, error) from None


class Names:
    """The names of one run's files: the stem and the least number that no file in the folder has."""

    def __init__(self, folder: Path, stem: str) -> None:
        self.folder = folder
        self.stem = stem
        self.number = self._free(1)

    def _free(self, least: int) -> int:
        pattern = re.compile(rf"{re.escape(self.stem)}-(\d{{4,}})(?!\d)")
        with suppress(OSError):
            found = [int(match[1]) for name in os.listdir(self.folder) if (match := pattern.match(name))]
            return max([least, *(number + 1 for number in found)])
        return least

    def write(self, tail: str, data: bytes) -> str:
        """Write a file, whole or not at all, whose name ends in `tail`; its path."""
        try:
            temporary = self._temporary(data)
            try:
                return self._place(temporary, tail)
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(temporary)
        except OSError as error:
            raise _not_written(self.folder, error) from None

    def _temporary(self, data: bytes) -> str:
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=".noisegraph-", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            os.chmod(name, 0o666 & ~_umask())
        except OSError:
            os.unlink(name)
            raise
        return name

    def _place(self, temporary: str, tail: str) -> str:
        """Give the file a name that is free; a link is made only where there is none, a renaming would overwrite."""
        while True:
            path = self.folder / f"{self.stem}-{self.number:04d}{tail}"
            try:
                _link(temporary, path)
                return str(path)
            except FileExistsError:
                self.number = self._free(self.number + 1)


def _link(temporary: str, path: Path) -> None:
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        with open(path, "xb"):
            pass
        os.replace(temporary, path)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def stem(graph: str) -> str:
    """What the files of a graph are called: its file's name, in letters that any file system takes."""
    name = Path(graph).name.removesuffix(".json")
    harmless = re.sub(r"[^\w-]+", "-", name).strip("-")
    return harmless.encode()[:_LONGEST].decode(errors="ignore") or "graph"


def _not_written(folder: Path, error: OSError) -> GraphError:
    told = f"cannot write there: {error.strerror or error}"
    return GraphError.of(told, "name another folder with --out", Place(str(folder)))
