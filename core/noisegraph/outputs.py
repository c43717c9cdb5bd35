"""The outputs of a run as files: pictures, tensors, weights and plain data, under names that overwrite nothing."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

from .args import Wire
from .arrays import is_array, is_tensor
from .check import Checked
from .codecs import Codec, encode
from .errors import GraphError, Place, Problem
from .guard import summary
from .picture import KEYWORD, Pixels, pixels, png, sheet
from .plan import Plan
from .provenance import Record, dump, record_of
from .registry import Registry
from .run import Result
from .storable import storable
from .types import describe, members, plain
from .values import Image, Latent, Mask, WeightsFile

_PICTURES = (Image, Mask)
_DATA = (str, int, float, bool, type(None))


class File(NamedTuple):
    """A file to write: what its name has behind the run's, and its bytes."""

    tail: str
    data: bytes


@dataclass
class Written:
    """The files of a run: output -> paths, one mapping a point; sheets of a whole sweep stand apart."""

    points: list[dict[str, list[str]]] = field(default_factory=list)
    sheets: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[str]:
        for point in self.points:
            for paths in point.values():
                yield from paths
        yield from self.sheets


def unwritable(checked: Checked, registry: Registry) -> list[Problem]:
    """The outputs that no file can hold, as far as their types tell."""
    graph = checked.flat.top.graph
    coded = tuple(codec.kind for codec in registry.collect("noisegraph_codecs", registry.imported))
    problems = []
    for name, arg in checked.flat.outputs.items():
        kind = checked.output_types.get(name, Any)
        if type(arg) is Wire and plain(kind) is not WeightsFile and not storable(kind, coded):
            told = f"output '{name}' is of type {describe(kind)}, which no file can hold"
            problems.append(
                Problem(graph.place("outputs", name), told, "end the graph with what comes of it, a picture say")
            )
    return problems


def tensors_for(checked: Checked) -> Literal["torch", "numpy"]:
    """numpy where every output comes out the same from an array as from a tensor."""
    return "numpy" if all(map(_same_as_array, checked.output_types.values())) else "torch"


def _same_as_array(kind: Any) -> bool:
    kind = plain(kind)
    if get_origin(kind) is list or len(members(kind)) > 1:
        return all(map(_same_as_array, get_args(kind)))
    return kind in (*_PICTURES, Latent, *_DATA)


def make_folder(folder: Path) -> None:
    """Make the output folder, and try that a file can be written there; raises GraphError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0" * 4096)
    except OSError as error:
        raise _not_written(folder, error) from None


def write(
    plan: Plan,
    results: Sequence[Result],
    folder: Path,
    registry: Registry,
    until: str | None,
    codecs: Sequence[Codec] = (),
) -> Written:
    """Write what the results hold into the folder; raises GraphError where that cannot be done.

    Names are graph-0001.png, with the number of the sweep's point, the output's name and the picture's number in the
    batch where there are several; the first number is one that no file of this graph in the folder has.
    """
    return _Writer(plan, folder, registry, until, codecs).write(results)


class _Writer:
    def __init__(
        self, plan: Plan, folder: Path, registry: Registry, until: str | None, codecs: Sequence[Codec]
    ) -> None:
        self.plan = plan
        self.registry = registry
        self.until = until
        self.codecs = codecs
        self.kinds = plan.checked.output_types
        self.several = len(plan.checked.flat.outputs) > 1
        self.names = _Names(folder, _stem(plan.checked.flat.top.graph.name))
        self.shown: dict[str, list[tuple[Pixels, str]]] = {}

    def write(self, results: Sequence[Result]) -> Written:
        written = Written()
        width = len(str(len(results) - 1))
        for number, result in enumerate(results):
            prefix = f"-{number:0{width}d}" if len(results) > 1 else ""
            made = record_of(self.plan, self.registry, self.until, self.plan.points[number])
            paths = {name: self._output(name, value, prefix, made, result) for name, value in result.outputs.items()}
            written.points.append(paths)
        if len(results) > 1:
            whole = record_of(self.plan, self.registry, self.until)
            written.sheets = [self._sheet(name, whole) for name, shown in self.shown.items() if len(shown) > 1]
        return written

    def _output(self, name: str, value: Any, prefix: str, made: Record, result: Result) -> list[str]:
        tail = f"{prefix}-{name}" if self.several else prefix
        if (pictures := _pictures(value, self.kinds.get(name, Any))) is not None:
            self.shown.setdefault(name, []).extend((picture, _label(result.given)) for picture in pictures)
            found = _picture_files(pictures, name, tail, made)
            if len(pictures) > 1 and not prefix:  # a sweep has one sheet for all its points
                text = dump(made.of_part(output=name, sheet=True))
                found.append(File(f"{tail}-sheet.png", sheet(pictures, [""] * len(pictures), text)))
        else:
            found = list(_files(value, tail, dump(made.of_part(output=name)), self.codecs))
        if not found and self.until is None:
            raise GraphError.of(f"output '{name}' is a {type(value).__name__}, which no file can hold")
        return [self.names.write(file) for file in found]

    def _sheet(self, name: str, whole: Record) -> str:
        pictures, labels = zip(*self.shown[name], strict=True)
        tail = f"-{name}-sheet.png" if self.several else "-sheet.png"
        text = dump(whole.of_part(output=name, sheet=True))
        return self.names.write(File(tail, sheet(pictures, labels, text)))


def told(plan: Plan, results: Sequence[Result], written: Written) -> dict[str, Any]:
    """What a run made: at each point the files of each output, its value where it is plain data, and what failed."""
    points = [
        {
            "given": dict(one.given),
            "files": paths,
            "shown": {name: summary(value) for name, value in one.outputs.items()},
            "values": {name: value for name, value in one.outputs.items() if _is_plain(value)},
            "failed": dict(one.failed),
        }
        for one, paths in zip(results, written.points, strict=True)
    ]
    return {"graph": plan.checked.flat.top.graph.name, "points": points, "sheets": written.sheets}


def _is_plain(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _pictures(value: Any, kind: Any) -> list[Pixels] | None:
    """The pictures that the value is, or None where its type says that it is something else."""
    kind = plain(kind)
    if get_origin(kind) is list and isinstance(value, list):
        found = [_pictures(item, get_args(kind)[0]) for item in value]
        return [one for batch in found for one in batch or ()] if found and None not in found else None
    if not any(member in _PICTURES for member in members(kind)) or not (is_tensor(value) or is_array(value)):
        return None
    return pixels(value)


def _picture_files(pictures: Sequence[Pixels], name: str, tail: str, made: Record) -> list[File]:
    if len(pictures) == 1:
        return [File(f"{tail}.png", png(pictures[0], dump(made.of_part(output=name))))]
    width = len(str(len(pictures) - 1))
    parts = [made.of_part(output=name, picture=index) for index in range(len(pictures))]
    return [
        File(f"{tail}-{index:0{width}d}.png", png(picture, dump(part)))
        for index, (picture, part) in enumerate(zip(pictures, parts, strict=True))
    ]


def _files(value: Any, tail: str, text: str, codecs: Sequence[Codec]) -> Iterator[File]:
    """The files of a value that is no picture; none where no file can hold it."""
    if isinstance(value, WeightsFile):
        yield File(f"{tail}.safetensors", _safetensors(value.tensors, {}))
        yield File(f"{tail}.json", _json(dict(value.card), indent=2))
    elif is_tensor(value) or is_array(value):
        yield File(f"{tail}.safetensors", _safetensors({"value": value}, {KEYWORD: text}))
    elif _is_data(value):
        yield File(f"{tail}.json", _json(value))
    elif isinstance(value, Mapping) and all(map(is_tensor, value.values())):
        yield File(f"{tail}.safetensors", _safetensors(value, {KEYWORD: text}))
    elif (data := encode(value, codecs)) is not None:
        yield File(f"{tail}.safetensors", data)


def _is_data(value: Any) -> bool:
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return all(map(_is_data, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_data(item) for key, item in value.items())
    return type(value) in _DATA


def _json(value: Any, indent: int | None = None) -> bytes:
    return f"{json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=True)}\n".encode(
        "utf-8", "backslashreplace"
    )


def _safetensors(tensors: Mapping[str, Any], text: dict[str, str]) -> bytes:
    if all(map(is_array, tensors.values())):
        from safetensors.numpy import save as save_arrays

        return save_arrays(dict(tensors), text or None)
    from safetensors.torch import save

    return save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, text or None)


class _Names:
    """Names for a run's files that no file in the folder has, though other runs may write there at the same time."""

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

    def write(self, file: File) -> str:
        """Write the file whole or not at all; its path."""
        try:
            temporary = self._temporary(file.data)
            try:
                return self._place(temporary, file.tail)
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


def _stem(graph: str) -> str:
    """What the files of a graph are called: its file's name, in letters that any file system takes."""
    name = Path(graph).name.removesuffix(".json")
    return re.sub(r"[^\w-]+", "-", name).strip("-")[:80] or "graph"


def _label(given: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in given.items())


def _not_written(folder: Path, error: OSError) -> GraphError:
    told = f"cannot write there: {error.strerror or error}"
    return GraphError.of(told, "name another folder with --out", Place(str(folder)))
