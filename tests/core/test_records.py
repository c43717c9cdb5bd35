"""The records of a run's files: each names what its own graph named, and they cost little beside the files."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import noisegraph as ng
import pytest
from noisegraph.check import check
from noisegraph.devices import Device
from noisegraph.graph import parse
from noisegraph.plan import Plan, plan
from noisegraph.reading import files
from noisegraph.registry import Local, Registry
from noisegraph.writing.records import Records

ASKED: Counter[str] = Counter()


def _version(watch: str) -> str:
    ASKED[watch] += 1
    return f"version of {watch}"


@ng.node(version=_version)
def watched(*, watch: str = "x") -> int:
    """Depends on what its version function tells."""
    return len(watch)


@ng.node
def content(*, file: Annotated[str, ng.FileKind((".txt",))], after: str = "") -> str:
    """A file's text."""
    return Path(file).read_text() + after


@ng.node
def joined(items: list[str], number: int = 0) -> str:
    """Texts one after another."""
    return "".join(items)


REGISTRY = Registry([Local("t", [watched, content, joined])])


@pytest.fixture
def planned(tmp_path: Path) -> Any:
    """Plans graphs that lie beside three files: a and b hold the same, c does not."""
    for name, text in (("a", "one"), ("b", "one"), ("c", "three")):
        (tmp_path / f"{name}.txt").write_text(text)

    def planned(**graph: Any) -> Plan:
        return plan(check(parse(json.dumps(graph), folder=tmp_path), REGISTRY), Device("cpu", "float32"))

    return planned


def _reading(*names: str) -> dict[str, Any]:
    nodes: dict[str, Any] = {f"read_{name}": {"use": "t.content", "file": f"{name}.txt"} for name in names}
    return {**nodes, "all": {"use": "t.joined", "items": [f"${node}" for node in nodes]}}


def test_of_files_with_one_content_each_node_is_told_with_the_one_that_it_names(planned: Any, tmp_path: Path) -> None:
    one = planned(nodes=_reading("a", "b", "c"), outputs={"x": "$all"})
    assert len(one.tasks) == 3
    told = Records(one, REGISTRY, None).of().files
    same = files.digest(tmp_path / "a.txt")
    assert told == {
        "read_a.file a.txt": same,
        "read_b.file b.txt": same,
        "read_c.file c.txt": files.digest(tmp_path / "c.txt"),
    }


def test_each_point_of_a_sweep_over_files_is_told_with_its_own(planned: Any) -> None:
    nodes = {"read": {"use": "t.content", "file": "$file"}}
    swept = planned(
        inputs={"file": None}, nodes=nodes, outputs={"x": "$read"}, sweep={"file": ["a.txt", "b.txt", "c.txt"]}
    )
    records = Records(swept, REGISTRY, None)
    assert [list(records.of(point).files) for point in range(3)] == [
        ["read.file a.txt"], ["read.file b.txt"], ["read.file c.txt"],
    ]  # fmt: skip
    assert list(records.of().files) == ["read.file a.txt", "read.file b.txt", "read.file c.txt"]


def test_a_files_hash_and_a_nodes_version_are_asked_for_once_a_run(
    planned: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = {
        "read": {"use": "t.content", "file": "c.txt", "after": "$after"},
        "seen": {"use": "t.watched", "watch": "weights"},
        "all": {"use": "t.joined", "items": ["$read"], "number": "$seen"},
    }
    sweep = {"after": [str(number) for number in range(300)]}
    swept = planned(inputs={"after": ""}, nodes=nodes, outputs={"x": "$all"}, sweep=sweep)
    digests: Counter[str] = Counter()
    digest = files.digest

    def counted(path: Path) -> str:
        digests[path.name] += 1
        return digest(path)

    monkeypatch.setattr(files, "digest", counted)
    ASKED.clear()
    records = Records(swept, REGISTRY, None)
    made = [records.of(point) for point in range(300)]
    assert made[7].inputs == {"after": "7"}
    assert {"read.file c.txt", "seen t.watched"} == made[299].files.keys()
    assert (digests, ASKED) == ({"c.txt": 1}, {"weights": 1})
