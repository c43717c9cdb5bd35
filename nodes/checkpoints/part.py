"""The tensors of a checkpoint that one network is made of, as `ng.Weights` reads them."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import wraps
from mmap import ACCESS_COPY, mmap
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

import noisegraph as ng

from .checkpoint import Checkpoint, opened
from .entry import Entries, Entry, under

if TYPE_CHECKING:
    from torch import Tensor


STRETCH, MOST_MAPS = 2**26, 32
"""Bytes of a map, more where a file would have more maps; each takes one of the process's open files."""
_SAFE = "save them in one that torch has, as safetensors"


class Made(NamedTuple):
    """A parameter of ours: the tensors of the file that it is made of, one after another, in the shape that is ours.

    `rows` are those taken of what the file has, where it has several of ours in one. `turned`: the file has the
    transposed matrix.
    """

    sources: tuple[Entry, ...]
    shape: tuple[int, ...]
    rows: tuple[int, int] | None = None
    turned: bool = False


P = ParamSpec("P")
R = TypeVar("R")


def whole(told: Callable[P, R]) -> Callable[P, R]:
    """A function that tells a network's configuration: where a tensor is missing, or has no such shape, it says so."""

    @wraps(told)
    def found(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return told(*args, **kwargs)
        except (KeyError, IndexError, ValueError, ZeroDivisionError) as error:
            missing = f"misses {error}" if isinstance(error, KeyError) else f"has tensors of no such shapes ({error})"
            hint = "it is damaged, or of a kind that noisegraph does not know"
            raise ng.NodeError(f"a network in the file is not whole: it {missing}", hint) from error

    return found


Naming = Callable[[Entries], Mapping[str, Made]]
"""From a layout's names (without their prefix) to ours: what each parameter of ours is made of."""


def own(entries: Entries) -> dict[str, Made]:
    """The layout whose names are ours."""
    return {name: Made((entry,), entry.shape) for name, entry in entries.items()}


@dataclass(frozen=True)
class Part:
    """One network's tensors: those under `prefix`, named by `naming` (a function of a module); an `ng.Reader`."""

    prefix: str = ""
    naming: Naming = own

    def made(self, checkpoint: Checkpoint) -> Mapping[str, Made]:
        """What each parameter is made of."""
        found: Mapping[str, Made] | None = checkpoint.made.get(self)
        if found is None:  # two threads that ask at once find the same
            made = dict(self.naming(under(checkpoint.entries, self.prefix)))
            found = checkpoint.made.setdefault(self, MappingProxyType(made))
        return found

    def shapes(self, checkpoint: Checkpoint) -> dict[str, tuple[int, ...]]:
        """The shape of each parameter."""
        return {name: made.shape for name, made in self.made(checkpoint).items()}

    def size(self, checkpoint: Checkpoint) -> int:
        """Bytes that they take as they lie in the file."""
        sources = {source for made in self.made(checkpoint).values() for source in made.sources}
        return sum(source.size for source in sources)

    def dtype(self, checkpoint: Checkpoint) -> str:
        """The type of most of the numbers."""
        counts: dict[str, int] = {}
        for made in self.made(checkpoint).values():
            for source in made.sources:
                counts[source.dtype] = counts.get(source.dtype, 0) + source.numel
        return max(counts, key=lambda name: counts[name], default="float32")

    def __call__(self, path: str) -> Iterator[tuple[str, Tensor]]:
        """The tensors under our names."""
        files = Files()
        for name, made in self.made(opened(path)).items():
            yield name, _tensor(made, files)


@dataclass(frozen=True)
class Absent:
    """Stands for a network that a checkpoint has not; an `ng.Reader` that says so."""

    what: str
    hint: str

    def __call__(self, path: str) -> Iterator[tuple[str, Tensor]]:
        """Raises NodeError."""
        raise ng.NodeError(f"'{path}' holds no {self.what}", self.hint)


class Files:
    """Open files, from which tensors are taken by name."""

    def __init__(self) -> None:
        self._open: dict[str, Callable[[Entry], Tensor]] = {}

    def tensor(self, entry: Entry) -> Tensor:
        """A tensor, on the CPU, in the file's memory map where it can lie there; raises NodeError for damage."""
        if entry.file not in self._open:
            try:
                self._open[entry.file] = _Mapped(entry.file) if entry.start >= 0 else _unpickled(entry.file)
            except Exception as error:  # of many kinds, by the kind of damage
                told = f"the weights '{entry.file}' cannot be read: {str(error)[:300]}"
                raise ng.NodeError(told, "save them as safetensors, or download them again") from error
        return self._open[entry.file](entry)


class _Mapped:
    """What gives the tensors of a safetensors file: views of its memory maps.

    There are several maps, each of a stretch of the file, so that what is no longer wanted leaves memory early.
    """

    def __init__(self, file: str) -> None:
        self.file, self.size = file, os.path.getsize(file)
        self.stretch = max(STRETCH, self.size // MOST_MAPS // STRETCH * STRETCH)
        self.maps: dict[int, mmap] = {}

    def __call__(self, entry: Entry) -> Tensor:
        """The tensor; a copy where its bytes lie across what a processor takes for numbers."""
        import torch

        dtype = getattr(torch, entry.dtype, None)
        if not isinstance(dtype, torch.dtype):
            raise ng.NodeError(f"'{entry.name}' of '{self.file}' has numbers of the type {entry.dtype}", _SAFE)
        if entry.start + entry.size > self.size:
            raise ng.NodeError(f"the weights '{self.file}' were cut off while they were in use", "download them again")
        if not entry.numel:
            return torch.empty(entry.shape, dtype=dtype)
        begin = entry.start // self.stretch * self.stretch
        lying, offset = self._map(begin, entry), entry.start - begin
        if entry.start % dtype.itemsize == 0:
            return torch.frombuffer(lying, dtype=dtype, count=entry.numel, offset=offset).view(entry.shape)
        across = torch.frombuffer(lying, dtype=torch.uint8, count=entry.size, offset=offset)
        return across.clone().view(dtype).view(entry.shape)

    def _map(self, begin: int, entry: Entry) -> mmap:
        """The map from `begin` on that reaches to the end of the tensor."""
        wanted = entry.start + entry.size - begin
        if begin not in self.maps or len(self.maps[begin]) < wanted:
            with open(self.file, "rb") as file:
                length = min(max(2 * self.stretch, wanted), self.size - begin)
                self.maps[begin] = mmap(file.fileno(), length, access=ACCESS_COPY, offset=begin)
        return self.maps[begin]


def _unpickled(file: str) -> Callable[[Entry], Tensor]:
    """What gives the tensors of a file that torch wrote."""
    import torch

    state = torch.load(file, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(file))
    return lambda entry: _within(state.get("state_dict", state), entry.name)


def _within(state: Mapping[str, Any], name: str) -> Any:
    """A tensor by its dotted name, which may lead through dictionaries."""
    if name in state:
        return state[name]
    first, _, rest = name.partition(".")
    return _within(state[first], rest)


def _tensor(made: Made, files: Files) -> Tensor:
    import torch

    found = [files.tensor(source) for source in made.sources]
    whole = found[0] if len(found) == 1 else torch.cat(found)
    part = whole if made.rows is None else whole[made.rows[0] : made.rows[1]]
    as_ours = part.T.contiguous() if made.turned else part
    return as_ours if as_ours.shape == made.shape else as_ours.reshape(made.shape)
