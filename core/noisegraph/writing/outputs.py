"""The outputs of a run as files: which they are, what they are called, and what stands in them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

from ..check import Checked
from ..checking.scope import Wire
from ..errors import Problem
from ..extensions import Caption, Making
from ..plan import Plan
from ..registry import Registry
from ..run import Result
from ..running.guard import summary
from ..store.codecs import Codec
from ..store.storable import storable
from ..types import describe, members, plain
from ..values import Latent, WeightsFile
from .captions import calls, texts
from .formats import DATA, PICTURES, File, files_of, picture_files, pictures_of
from .naming import Names, stem
from .picture import Pixels, sheet
from .provenance import Record, dump
from .records import Records
from .sheets import arranged


@dataclass
class Written:
    """The files of a run: output -> paths, one mapping a point; sheets of a whole sweep stand apart.

    `problems` tell of values that turned out to be nothing that a file can hold; `only_made` of those for which nobody
    was promised a file: the run was to stop at their node.
    """

    points: list[dict[str, list[str]]] = field(default_factory=list)
    sheets: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    only_made: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[str]:
        for point in self.points:
            for paths in point.values():
                yield from paths
        yield from self.sheets


def unwritable(checked: Checked, registry: Registry) -> list[Problem]:
    """The outputs that no file can hold, as far as their types tell."""
    graph = checked.flat.top.graph
    coded = tuple(codec.kind for codec in registry.collect("noisegraph_codecs", registry.named))
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
    return kind in (*PICTURES, Latent, *DATA)


def write(
    plan: Plan,
    results: Sequence[Result],
    folder: Path,
    registry: Registry,
    until: str | None,
    codecs: Sequence[Codec] = (),
    captions: Sequence[Caption] = (),
) -> Written:
    """Write what the results hold into the folder; raises GraphError where that cannot be done.

    Names are graph-0001.png, with the number of the sweep's point, the output's name and the picture's number in the
    batch where there are several; the first number is one that no file of this graph in the folder has.
    """
    return _Writer(plan, folder, Records(plan, registry, until), codecs, captions).write(results)


class _Shown(NamedTuple):
    """A picture on the sheet of a sweep, and what stands under it."""

    picture: Pixels
    label: str


class _Writer:
    def __init__(
        self, plan: Plan, folder: Path, records: Records, codecs: Sequence[Codec], captions: Sequence[Caption]
    ) -> None:
        self.plan = plan
        self.records = records
        self.until = records.until
        self.codecs = codecs
        self.captions = captions
        self.told: set[str] = set()
        self.kinds = plan.checked.output_types
        self.several = len(plan.checked.flat.outputs) > 1
        self.names = Names(folder, stem(plan.checked.flat.top.graph.name))
        self.written = Written()
        self.shown: dict[str, dict[int, list[_Shown]]] = {}

    def write(self, results: Sequence[Result]) -> Written:
        width = len(str(len(results) - 1))
        for number, result in enumerate(results):
            prefix = f"-{number:0{width}d}" if len(results) > 1 else ""
            made = self.records.of(number)
            paths = {
                name: self._output(name, value, prefix, made, (number, result))
                for name, value in result.outputs.items()
            }
            self.written.points.append(paths)
        if len(results) > 1:
            whole = self.records.of()
            several = [name for name, shown in self.shown.items() if sum(map(len, shown.values())) > 1]
            self.written.sheets = [self._sheet(name, whole) for name in several]
        return self.written

    def _output(self, name: str, value: Any, prefix: str, made: Record, point: tuple[int, Result]) -> list[str]:
        tail = f"{prefix}-{name}" if self.several else prefix
        try:
            found = self._files(name, value, tail, made, point)
        except (ValueError, TypeError, RuntimeError) as error:
            self._refuse(name, str(error))
            return []
        if not found and self.until:
            self.written.only_made.append(f"'{self.until}' is done; no file can hold its value, {summary(value)}")
        elif not found:
            self._refuse(name, f"it is {summary(value)}")
        return [self.names.write(*file) for file in found]

    def _files(self, name: str, value: Any, tail: str, made: Record, point: tuple[int, Result]) -> list[File]:
        pictures, (number, result) = pictures_of(value, self.kinds.get(name, Any)), point
        if pictures is None:
            return list(files_of(value, tail, dump(made.of_part(output=name)), self.codecs))
        label = _label(result.given)
        self.shown.setdefault(name, {})[number] = [_Shown(picture, label) for picture in pictures]
        found = picture_files(pictures, tail, self._texts(name, pictures, made, number))
        if len(pictures) > 1 and not result.given:  # a sweep has one sheet for all its points
            text = dump(made.of_part(output=name, sheet=True))
            found.append(File(f"{tail}-sheet.png", sheet(pictures, [""] * len(pictures), text)))
        return found

    def _texts(
        self, name: str, pictures: Sequence[Pixels], made: Record, point: int
    ) -> list[tuple[str, dict[str, str]]]:
        """The record of each picture of an output, and its captions."""
        makers, numbers = self.captions, self.records.leading_to(point, name)
        path = calls(self.plan, numbers) if makers else ()
        makings = [Making(path, one.shape[1], one.shape[0], index) for index, one in enumerate(pictures)]
        told = [texts(makers, making, self.told) if path else {} for making in makings]
        if len(pictures) == 1:
            return [(dump(made.of_part(output=name)), told[0])]
        seeds = self.records.seeds_of(point, name, len(pictures))
        parts = [{"picture": index, **_seeded(own)} for index, own in enumerate(seeds)]
        return [(dump(made.of_part(output=name, **part)), one) for part, one in zip(parts, told, strict=True)]

    def _refuse(self, name: str, why: str) -> None:
        graph = self.plan.checked.flat.top.graph
        self.written.problems.append(Problem(graph.place("outputs", name), f"no file can hold '{name}': {why}"))

    def _sheet(self, name: str, whole: Record) -> str:
        tail = f"-{name}-sheet.png" if self.several else "-sheet.png"
        text = dump(whole.of_part(output=name, sheet=True))
        places, columns = arranged([point.given for point in self.plan.points], self.shown[name])
        labels = [place.label if place else "" for place in places]
        return self.names.write(tail, sheet([place and place.picture for place in places], labels, text, columns))


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


def _seeded(seeds: Sequence[int]) -> dict[str, Any]:
    """A picture's seed as its record has it: one, or all where its nodes have several."""
    return {"seed": seeds[0] if len(seeds) == 1 else list(seeds)} if seeds else {}


def _label(given: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in given.items())
