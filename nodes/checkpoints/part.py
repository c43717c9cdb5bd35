"""The tensors of a checkpoint that one network is made of, as `ng.Weights` reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import noisegraph as ng

from .checkpoint import Checkpoint, opened
from .entry import Entries, Entry, under

if TYPE_CHECKING:
    from torch import Tensor


class Made(NamedTuple):
    """A parameter of ours: the tensors of the file that it is made of, one after another, in the shape that is ours.

    `rows` are those taken of what the file has, where it has several of ours in one. `turned`: the file has the
    transposed matrix.
    """

    sources: tuple[Entry, ...]
    shape: tuple[int, ...]
    rows: tuple[int, int] | None = None
    turned: bool = False


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
        return self.naming(under(checkpoint.entries, self.prefix))

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
        self._open: dict[str, Callable[[str], Any]] = {}

    def tensor(self, entry: Entry) -> Tensor:
        """A tensor, on the CPU; raises NodeError for a file that cannot be read."""
        if entry.file not in self._open:
            self._open[entry.file] = _taking(entry.file)
        return self._open[entry.file](entry.name)  # type: ignore[no-any-return]


def _taking(file: str) -> Callable[[str], Any]:
    """What gives a file's tensors by name; raises NodeError."""
    import torch
    from safetensors import safe_open

    with open(file, "rb") as head:
        start = head.read(2)
    try:
        if start == b"PK" or start[:1] == b"\x80":
            state = torch.load(file, map_location="cpu", weights_only=True, mmap=start == b"PK")
            return lambda name: _within(state.get("state_dict", state), name)
        return safe_open(file, framework="pt", device="cpu").get_tensor
    except Exception as error:  # of many kinds, by the kind of damage
        told = f"the weights '{file}' cannot be read: {str(error)[:300]}"
        raise ng.NodeError(told, "save them as safetensors, or download them again") from error


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
    return (part.T.contiguous() if made.turned else part).reshape(made.shape)
