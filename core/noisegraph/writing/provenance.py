"""What made a picture: the graph with all that it uses, the inputs, versions and file hashes, as text to put in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..errors import GraphError, Place
from ..graph import parse
from ..written import Graph

FORMAT = 1
_DEEPEST = 64
"""How deep a stored graph may stand in stored graphs; a check refuses less."""


@dataclass(frozen=True)
class Record:
    """How the outputs of a run, or of one point of a sweep, came about: enough to make them again.

    `versions` are those of distributions, `files` the hashes of what nodes read.
    """

    graph: Graph
    inputs: Mapping[str, Any]
    until: str | None
    precision: str
    seeds: Sequence[Any] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    part: Mapping[str, Any] = field(default_factory=dict)
    """Which of the run's files this is: its output and, in a batch, the picture's number."""

    def of_part(self, **part: Any) -> Record:
        """The record of one file of the run."""
        return replace(self, part=part)


def dump(record: Record) -> str:
    """The record as one line of JSON; the same record gives the same text."""
    graphs: list[dict[str, Any]] = []
    numbers: dict[int, int] = {}

    def number(graph: Graph) -> int:
        if id(graph) not in numbers:
            parts = {use: number(part) for use, part in graph.parts.items()}
            numbers[id(graph)] = len(graphs)
            graphs.append({"name": Path(graph.name).name, "text": graph.text, "parts": parts})
        return numbers[id(graph)]

    top = number(record.graph)
    told = {
        "noisegraph": FORMAT,
        "graph": top,
        "graphs": graphs,
        "sweep": record.graph.data.get("sweep") or None,
        "inputs": record.inputs,
        "until": record.until,
        "precision": record.precision,
        "seeds": record.seeds,
        "versions": record.versions,
        "files": record.files,
        "part": record.part,
    }
    return json.dumps({key: value for key, value in told.items() if value is not None}, ensure_ascii=False)


def load(text: str, name: str, folder: Path | None) -> Record:
    """The record in a file `name`, which lies in `folder`; raises GraphError where the text is none."""
    try:
        told = json.loads(text)
        graphs = _graphs(told["graphs"], name, folder)
        graph = graphs[told["graph"]]
        data = {key: value for key, value in graph.data.items() if key != "sweep"}
        sweep = {"sweep": _rows(told["sweep"])} if told.get("sweep") else {}
        return Record(
            replace(graph, data={**data, **sweep}),
            dict(told["inputs"]),
            told.get("until"),
            str(told["precision"]),
            list(told["seeds"]),
            {str(key): str(value) for key, value in told["versions"].items()},
            {str(key): str(value) for key, value in told["files"].items()},
            dict(told["part"]),
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        what = f"what it says of how it was made cannot be read ({type(error).__name__}: {error})"
        raise GraphError.of(what, "it may come from a newer noisegraph", Place(name)) from None


def _rows(sweep: Any) -> list[dict[str, Any]]:
    if not (isinstance(sweep, list) and all(isinstance(row, dict) and row.keys() == sweep[0].keys() for row in sweep)):
        raise ValueError("the sweep is no list of rows")
    return sweep


def _graphs(told: list[dict[str, Any]], name: str, folder: Path | None) -> list[Graph]:
    """The stored graphs; each may use those before it."""
    graphs: list[Graph] = []
    for one in told[: _DEEPEST**2]:
        if any(not isinstance(place, int) or not 0 <= place < len(graphs) for place in one["parts"].values()):
            raise ValueError("a graph uses one that is not there")
        parts = {use: graphs[place] for use, place in one["parts"].items()}
        graphs.append(replace(parse(str(one["text"]), Path(str(one["name"])).name or name, folder), parts=parts))
    return graphs
