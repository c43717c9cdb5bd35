"""What is given to inputs: dollars in sweeps, null, files swept in several folders, and inputs that nothing reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from noisegraph.cli import main

from .cli_probe import PROBE, chain, used, write


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in, the probe installed, and a cache of one's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(PROBE))
    monkeypatch.setenv("NOISEGRAPH_CACHE", str(used(tmp_path / "cache")))
    return tmp_path


def values(capsys: pytest.CaptureFixture[str], *arguments: str, output: str = "out") -> list[Any]:
    """What an output comes to at each point."""
    code = main.code(["run", *arguments, "--json", "--quiet"])
    out, error = capsys.readouterr()
    assert code == 0, error
    return [point["values"][output] for point in json.loads(out)["points"]]


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What is told of a run that is refused."""
    code = main.code(["run", *arguments])
    out, error = capsys.readouterr()
    assert (code, out) == (2, "")
    return error


@pytest.mark.parametrize(
    "sweep", [{"text": ["$$5", "$$$$", "5$"]}, [{"text": "$$5"}, {"text": "$$$$"}, {"text": "5$"}]]
)
def test_two_dollars_begin_a_literal_one_in_a_graphs_own_sweep(
    sweep: Any, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = write(here, **chain("probe.words", text="x"), sweep=sweep)
    assert values(capsys, graph) == ["$5", "$$$", "5$"]


def test_a_sweep_that_is_asked_for_means_its_dollars_as_they_stand(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = chain("probe.words", text="x")
    graph["inputs"]["other"] = "y"
    graph["nodes"]["node"]["more"] = "$other"
    name = write(here, **graph, sweep={"other": ["$$a", "b"]})
    assert values(capsys, name, "--sweep", "text=$$5,$5") == ["$$5$a", "$5$a", "$$5b", "$5b"]


def test_a_reference_in_a_sweep_is_refused_where_it_stands(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    graph = write(here, **chain("probe.words", text="x"), sweep={"text": ["a", "$other"]})
    assert "sweep.text: '$other': a reference cannot stand in a sweep; write \"$$\"" in refused(capsys, graph)


def test_null_can_be_given_where_the_type_has_it_and_is_refused_elsewhere(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    maybe = write(here, "maybe.json", **chain("probe.perhaps", value=3))
    assert values(capsys, maybe) == ["3"]
    assert values(capsys, maybe, "value=null") == ["None"]
    assert values(capsys, maybe, "--sweep", "value=null,4") == ["None", "4"]
    unset = write(here, "unset.json", **chain("probe.perhaps", value=None))
    assert values(capsys, unset, "value=null") == ["None"]
    assert "input 'value' (int | none) needs a value" in refused(capsys, unset)
    number = write(here, "number.json", **chain("probe.number", value=1))
    assert "should be a valid integer, found null" in refused(capsys, number, "value=null")
    assert values(capsys, write(here, "words.json", **chain("probe.words", text="x")), "text=null") == ["null"]


def test_null_stays_in_the_record_of_a_picture_and_is_given_again(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = write(here, **chain("probe.picture", output="picture", shade=0.5, border=0.25))
    assert main.code(["run", graph, "border=null", "--out", "one"]) == 0
    assert main.code(["run", "one/graph-0001.png", "--out", "two"]) == 0
    assert main.code(["run", graph, "--out", "three"]) == 0
    first, again, other = ((here / name / "graph-0001.png").read_bytes() for name in ("one", "two", "three"))
    assert first == again != other


def test_a_swept_file_is_sought_beside_each_graph_that_reads_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inner = {"inputs": {"file": None}, "nodes": {"n": {"use": "probe.size", "file": "$file"}}, "outputs": {"n": "$n"}}
    for folder, length in (("one", 1), ("two", 20)):
        (here / folder).mkdir()
        write(here / folder, "part.json", **inner)
        (here / folder / "a.txt").write_text("a" * length)
        (here / folder / "b.txt").write_text("b" * 2 * length)
    nodes = {
        "one": {"use": "one/part.json", "file": "$file"},
        "two": {"use": "two/part.json", "file": "$file"},
        "sum": {"use": "probe.add", "a": "$one", "b": "$two"},
    }
    graph = write(here, inputs={"file": "a.txt"}, nodes=nodes, outputs={"out": "$sum"})
    assert values(capsys, graph, "--sweep", "file=a.txt,b.txt") == [22, 43]  # `add` adds one


def test_to_stop_at_a_value_that_no_file_can_hold_is_done_and_told(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = write(here, **chain("probe.opaque"))
    assert main.code(["run", graph, "--until", "node"]) == 0
    out, error = capsys.readouterr()
    assert out == ""
    assert "'node' is done; no file can hold its value, a Opaque" in error
    assert "error" not in error
    assert main.code(["run", graph, "--until", "node", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert main.code(["run", graph, "--until", "node", "--json", "--quiet"]) == 0
    (point,) = json.loads(capsys.readouterr().out)["points"]
    assert (point["files"], point["shown"], point["failed"]) == ({"node": []}, {"node": "a Opaque"}, {})


def test_to_stop_at_a_picture_that_is_none_is_an_error_like_any_other(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = write(here, **chain("probe.crooked"))
    assert main.code(["run", graph, "--until", "node"]) == 1
    assert "error: graph.json" in capsys.readouterr().err


def _with_unread(folder: Path) -> str:
    """A graph with an input that no node reads, one that only an output reads, and one that a part does not read."""
    write(folder, "part.json", inputs={"value": 1, "idle": 1}, nodes={"n": {"use": "probe.number", "value": "$value"}},
          outputs={"n": "$n"})  # fmt: skip
    nodes = {"n": {"use": "part.json", "value": "$value", "idle": "$inner"}}
    inputs = {"value": 1, "idle": 1, "inner": 1, "shown": 1}
    return write(folder, inputs=inputs, nodes=nodes, outputs={"out": "$n", "shown": "$shown"})


@pytest.mark.parametrize("command", ["check", "plan", "run"])
def test_an_input_that_is_given_though_no_node_reads_it_is_warned_of(
    command: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = _with_unread(here)
    given = ["value=2", "idle=5", "shown=3", "--sweep", "inner=1,2"]
    assert main.code([command, graph, *given]) == 0
    error = capsys.readouterr().err
    warned = [line for line in error.splitlines() if line.startswith("warning: ")]
    assert [line.split("no node reads ")[1] for line in warned] == [
        "'idle': its value changes nothing", "'inner': its value changes nothing",
    ]  # fmt: skip
    assert "graph.json:1:" in warned[0]
    assert main.code([command, graph, "value=3"]) == 0
    assert "warning" not in capsys.readouterr().err
