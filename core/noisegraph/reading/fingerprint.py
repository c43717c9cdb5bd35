"""The fingerprint of a plugin's code: it changes when what the code does may change, and with nothing else."""

from __future__ import annotations

import hashlib
import importlib.machinery
import importlib.metadata
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ..folders import cache_folder
from .memo import Memo

FRAMEWORK = "noisegraph"
CONTRACT = Path(__file__).parent.parent / "diffusion"
"""The part of the framework whose arithmetic every plugin's results rest on."""
_SUFFIXES = (
    *importlib.machinery.EXTENSION_SUFFIXES,
    *importlib.machinery.SOURCE_SUFFIXES,
    *importlib.machinery.BYTECODE_SUFFIXES,
)
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def fingerprint(module_name: str, distribution: str) -> bytes:
    """16 bytes that stand for what a module does.

    They come from the syntax trees (so not from comments, formatting or docstrings) of the module and of all that it
    imports from its own distribution, of noisegraph's diffusion contract where it imports noisegraph, and from the
    distribution's version. No module is imported. Raises ModuleNotFoundError where there is no such module.
    """
    memo = _memo(cache_folder() / "fingerprints.json")
    walk = _Walk(module_name, _territory(module_name, distribution), memo)
    files = dict(walk.follow())
    parts = [f"{name} {digest}" for name, digest in sorted(files.items())]
    if walk.meets_framework:
        parts += _contract(CONTRACT, memo)
    memo.save()
    text = "\n".join([_version(distribution), *parts])
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


@cache
def _memo(file: Path) -> Memo:
    return Memo(file)


@cache
def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return ""


@cache
def _territory(module_name: str, distribution: str) -> tuple[str, ...]:
    """The packages whose modules count as the same code: those of the distribution; of the framework, one part."""
    top = module_name.partition(".")[0]
    if top == FRAMEWORK:
        return (".".join(module_name.split(".")[:2]),)
    try:
        listed = importlib.metadata.distribution(distribution).read_text("top_level.txt") or ""
    except (importlib.metadata.PackageNotFoundError, ValueError):
        listed = ""
    return tuple(sorted({top, *listed.split()} - {FRAMEWORK}))


@dataclass(frozen=True)
class _Module:
    """Where a module lies: its file (None for a namespace), and for a package where its own modules lie."""

    file: str | None
    folders: tuple[str, ...] | None


class _Walk:
    """Follows the imports of a module within its territory."""

    def __init__(self, start: str, territory: Sequence[str], memo: Memo) -> None:
        self._start = start
        self._inside = tuple(f"{part}." for part in territory)
        self._memo = memo
        self._modules: dict[str, _Module | None] = {}
        self.meets_framework = False

    def follow(self) -> Iterator[tuple[str, str]]:
        """Name and digest of every module reached; packages around a module count, since importing runs them."""
        if self._module(self._start, certain=True) is None:
            raise ModuleNotFoundError(f"no module named '{self._start}'", name=self._start)
        waiting, seen = [self._start], {self._start}
        while waiting:
            name = waiting.pop()
            module = self._modules[name]
            if module is None or module.file is None:
                continue
            digest, imports = _read(module.file, self._memo)
            yield name, digest
            near = [*_around(name), *self._within(self._named(name, module, imports))]
            waiting += (fresh := [one for one in dict.fromkeys(near) if one not in seen and self._is_ours(one)])
            seen.update(fresh)

    def _is_ours(self, name: str) -> bool:
        return f"{name}.".startswith(self._inside) and self._module(name, certain=True) is not None

    def _named(self, name: str, module: _Module, imports: Iterable[Sequence[Any]]) -> Iterator[tuple[str, bool]]:
        """Absolute names that the imports may mean, and whether each must be a module (or may be a mere attribute)."""
        package = name if module.folders is not None else name.rpartition(".")[0]
        for level, target, members in imports:
            anchor = package.split(".")[: len(package.split(".")) - level + 1] if level else []
            absolute = ".".join([*anchor, target] if target else anchor)
            yield absolute, True
            yield from ((f"{absolute}.{member}", False) for member in members)

    def _within(self, names: Iterable[tuple[str, bool]]) -> Iterator[str]:
        for name, certain in names:
            if f"{name}.".startswith(self._inside):
                if self._module(name, certain) is not None:
                    yield name
                    yield from _around(name)
            elif name.partition(".")[0] == FRAMEWORK:
                self.meets_framework = True

    def _module(self, name: str, certain: bool) -> _Module | None:
        if self._modules.get(name) is None and (certain or name not in self._modules):
            self._modules[name] = self._find(name, certain)
        return self._modules[name]

    def _find(self, name: str, certain: bool) -> _Module | None:
        package, _, last = name.rpartition(".")
        parent = self._module(package, certain=True) if package else None
        if package and (parent is None or parent.folders is None):
            return None
        folders = parent.folders if parent else None
        return _beside(folders or (), last) or (_from_finders(name, folders) if certain else None)


def _around(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts)))


def _beside(folders: Sequence[str], name: str) -> _Module | None:
    """A module of a package whose folders are known, looked up as Python does."""
    spaces = []
    for folder in folders:
        inner = os.path.join(folder, name)
        if os.path.isdir(inner):
            if file := _with_suffix(os.path.join(inner, "__init__")):
                return _Module(file, (inner,))
            spaces.append(inner)
        if file := _with_suffix(inner):
            return _Module(file, None)
    return _Module(None, tuple(spaces)) if spaces else None


def _with_suffix(stem: str) -> str | None:
    return next((stem + suffix for suffix in _SUFFIXES if os.path.isfile(stem + suffix)), None)


def _from_finders(name: str, folders: Sequence[str] | None) -> _Module | None:
    """A module as Python's finders know it (editable installs bring their own), found without importing its parent."""
    for finder in sys.meta_path:
        find = getattr(finder, "find_spec", None)
        spec = find(name, list(folders) if folders is not None else None) if find else None
        if spec is not None:
            inner = spec.submodule_search_locations
            file = spec.origin if spec.origin and os.path.isfile(spec.origin) else None
            return _Module(file, tuple(inner) if inner is not None else None)
    return None


@cache
def _contract(folder: Path, memo: Memo) -> tuple[str, ...]:
    """Name and digest of each module of the contract; looked at once a process, which holds one version of it."""
    found = []
    for inner, _, files in sorted(os.walk(folder)):
        for name in sorted(files):
            if name.endswith(".py"):
                file = os.path.join(inner, name)
                found.append(f"contract {os.path.relpath(file, folder).replace(os.sep, '/')} {_read(file, memo)[0]}")
    return tuple(found)


def _read(file: str, memo: Memo) -> tuple[str, list[Sequence[Any]]]:
    """Digest and imports of a file, from the memo where the file is as it was."""
    status = os.stat(file)
    known = memo.get(f"{_PYTHON} {file}", status)
    if known is None:
        from .syntax import digest_and_imports

        known = digest_and_imports(Path(file))
        memo.put(f"{_PYTHON} {file}", status, known)
    return known[0], known[1]
