"""Graphs that are wrong, huge or malicious: each a clear error with exit code 2, and nothing run or written."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from noisegraph.check import check
from noisegraph.cli import main
from noisegraph.errors import GraphError
from noisegraph.graph import load, parse
from noisegraph.registry import Registry

from .cli_probe import PROBE, used
from .conftest import Engine

ONE = {"nodes": {"n": {"use": "probe.number", "value": 1}}, "outputs": {"x": "$n"}}
LONG = "x" * 10_000_000


def one(**changes: Any) -> str:
    """A graph of one node, changed."""
    return json.dumps({**ONE, **changes})


def node(**keys: Any) -> str:
    """A graph of one node with these keys."""
    return one(nodes={"n": keys})


def summed(**keys: Any) -> str:
    """A graph of a number and of a sum with these keys."""
    return one(nodes={"n": {"use": "probe.number"}, "s": {"use": "probe.add", **keys}}, outputs={"x": "$s"})


def many(count: int, use: str, **keys: str) -> str:
    """A graph of that many nodes; `#` stands for a node's number."""
    shape = json.dumps({"use": use, **keys})
    nodes = ", ".join(f'"node{index}": {shape.replace("#", str(index))}' for index in range(count))
    return f'{{"nodes": {{{nodes}}}, "outputs": {{"x": "$node0"}}}}'


BIG = list(range(1000))
WRONG: dict[str, tuple[str | bytes, str]] = {
    "not JSON": ('{"nodes": }', "not valid JSON"),
    "JSON that ends too early": ('{"nodes": {"a": {"use": "probe.number"', "never closed"),
    "a duplicate key": ('{"nodes": {}, "nodes": {}}', "is used twice"),
    "NaN": (one().replace("1}", "NaN}"), "NaN is not a JSON number"),
    "Infinity": (one().replace("1}", "-Infinity}"), "-Infinity is not a JSON number"),
    "a number beyond floats": (one().replace("1}", "1e999}"), "is too large"),
    "a number of 5,000 digits": (one().replace("1}", "9" * 5000 + "}"), "the number has 5000 characters"),
    "a number of 4,000 digits": (one().replace("1}", "9" * 4000 + "}"), "less than or equal to 100, found 999"),
    "not UTF-8": (b'{"about": "\xff\xfe"}', "not UTF-8"),
    "UTF-16": (one().encode("utf-16"), "not UTF-8"),
    "an empty file": (b"", "the file is empty"),
    "blank lines": (b"\n \n", "the file is empty"),
    "zero bytes": (b"\0" * 100, "not valid JSON"),
    "a list": ("[]", "a graph file holds an object"),
    "10,000 lists in lists": ('{"inputs": {"x": ' + "[" * 10_000 + "]" * 10_000 + "}}", "nested deeper than 64"),
    "10,000 objects in objects": ('{"inputs": ' + '{"x":' * 10_000 + "1" + "}" * 10_001, "nested deeper than 64"),
    "a string of 10 MB for a number": (node(use="probe.number", value=LONG), "should be a valid integer"),
    "a node's key of 10 MB": (f'{{"nodes": {{"n": {{"use": "probe.number", "{LONG}": 1}}}}}}', "no such port"),
    "a name of 10 MB": (f'{{"nodes": {{"{LONG}": {{"use": "probe.number"}}}}}}', "is too long for a name"),
    "a node called with 10 MB": (node(use=LONG), "no graph"),
    "a node of a plugin called with 10 MB": (node(use=f"probe.{LONG}"), "no node 'probe.xxx"),
    "a graph called with 10 MB": (node(use=f"{LONG}.json"), "n.use"),
    "a reference of 10 MB": (summed(a=f"${LONG}"), "refers to nothing"),
    "a reference of a million fields": (summed(a="$n" + ".x" * 1_000_000), "has no field 'x'"),
    "a file called with 10 MB": (node(use="probe.size", file=LONG), "n.file"),
    "a file of 20 MB": (one(about=LONG + LONG), "a graph has 16 MB at most"),
    "an unknown key": (one(nods={}), "did you mean 'nodes'?"),
    "an unknown node": (node(use="probe.numbr"), "did you mean 'probe.number'?"),
    "an unknown plugin": (node(use="prob.number"), "did you mean 'probe'?"),
    "an unknown field": (summed(a="$n.value"), "has no field 'value'"),
    "an unknown parameter": (node(use="probe.number", valu=1), "did you mean 'value'?"),
    "a missing parameter": (node(use="probe.size"), "probe.size needs 'file'"),
    "a missing wire": (summed(more=1), "probe.add needs 'a'"),
    "a value out of range": (node(use="probe.number", value=-1), "greater than or equal to 0, found -1"),
    "a wire of the wrong type": (
        one(nodes={"n": {"use": "probe.words"}, "s": {"use": "probe.add", "a": "$n"}}), "wants int, but n (probe.words)"
    ),
    "a cycle": (summed(a="$s"), "nodes that wait for one another: s -> s"),
    "a reference to nothing": (summed(a="$m"), "$m refers to nothing"),
    "an output that refers to nothing": (one(outputs={"x": "$m"}), "$m refers to nothing"),
    "an output that is no reference": (one(outputs={"x": "n"}), "an output must be a reference"),
    "an input and a node of one name": (one(inputs={"n": 1}), "is the name of an input and of a node"),
    "a name that is a path": (one(outputs={"../x": "$n"}), "cannot be a name"),
    "a name that Python would take": (one(outputs={"℘": "$n"}), "cannot be a name"),
    "a name of 101 bytes": (one(outputs={"é" * 51: "$n"}), "is too long for a name"),
    "inputs of conflicting types": (
        one(inputs={"k": None}, nodes={"n": {"use": "probe.number", "value": "$k"},
                                       "w": {"use": "probe.words", "text": "$k"}}), "which no value fits",
    ),
    "sweeps of unequal rows": (one(inputs={"k": 1, "j": 1}, sweep=[{"k": 1}, {"j": 1}]), "same inputs in every row"),
    "a sweep of nothing": (one(inputs={"k": 1}, sweep={"k": []}), "wants a list of values"),
    "a sweep of an unknown input": (one(inputs={"scale": 1}, sweep={"scail": [1]}), "did you mean 'scale'?"),
    "a sweep of a billion points": (
        one(inputs={"a": 1, "b": 1, "c": 1}, sweep={"a": BIG, "b": BIG, "c": BIG}), "a sweep of 1000000000 points"
    ),
    "needs without a name": (one(needs={"": ">=1"}), "cannot be the name of a distribution"),
    "needs that steer a shell": (one(needs={"x'; rm -rf ~; '": ">1"}), "cannot be the name of a distribution"),
    "needs that name an address": (one(needs={"foo": " @ https://example.org/x.whl"}), "is not a version range"),
    "needs that are options": (one(needs={"--index-url=x": ""}), "cannot be the name of a distribution"),
    "1,000 references to nothing": (many(1000, "probe.add", a="$nodes#"), "100 problems"),
    "20,000 unknown graphs": (many(20_000, "graph#"), "100 problems"),
    "20,000 unknown nodes": (many(20_000, "probe.number#"), "100 problems"),
    "a graph that includes itself": (node(use="wrong.json"), "includes itself"),
    "a sub-graph that is not there": (node(use="nowhere.json"), "no file 'nowhere.json'"),
    "a sub-graph that leads out": (node(use="../../etc/graph.json"), "leads out of the folders"),
    "a sub-graph that is wrong": (node(use="part.json"), "part.json:1:2"),
    "a file by its whole path": (node(use="probe.size", file="/etc/hosts.txt"), "leads out of the folders"),
    "a file by dots": (node(use="probe.size", file="a/../../x.txt"), "leads out of the folders"),
    "a file that is a folder": (node(use="probe.size", file="folder.txt"), "is a folder, wanted a regular file"),
    "a file that is a pipe": (node(use="probe.size", file="pipe.txt"), "is a pipe, wanted a regular file"),
    "a file that is a link to a device": (node(use="probe.size", file="device.txt"), "leads out of the folders"),
    "a number for a network": (
        one(inputs={"k": 5}, nodes={"n": {"use": "unet.denoiser", "unet": "$k", "condition": "$k"}}),
        "cannot be written down; wire it",
    ),
    "an unknown device": (node(use="probe.number", device="toaster"), "no such device"),
}  # fmt: skip


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all."""
    return used(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def here(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in, the probe installed, a cache elsewhere."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(PROBE))
    monkeypatch.setenv("NOISEGRAPH_CACHE", str(cache))
    (folder / "part.json").write_text('{"nope": 1}')
    (folder / "folder.txt").mkdir()
    os.mkfifo(folder / "pipe.txt")
    (folder / "device.txt").symlink_to("/dev/zero")
    return folder


def everything(folder: Path) -> dict[str, tuple[int, int]]:
    """Every path below a folder, with its size and time of change."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in folder.rglob("*")
    }


@pytest.mark.parametrize(("text", "told"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_graph_is_told_with_code_two_and_nothing_runs_or_is_written(
    text: str | bytes, told: str, here: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = set(cache.rglob("*.safetensors"))
    (here / "wrong.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    before = everything(here)
    began = time.process_time()
    code = main.code(["run", "wrong.json", "--out", "new folder"])
    out, error = capsys.readouterr()
    assert (code, out) == (2, "")
    assert told in error
    assert "Traceback" not in error
    assert "wrong.json" in error or "part.json" in error
    assert len(error) < 200_000, "a string of 10 MB is not told whole"
    assert everything(here) == before
    assert set(cache.rglob("*.safetensors")) == stored
    assert time.process_time() - began < 15


def test_graphs_that_double_in_each_other_are_refused_before_they_fill_the_memory(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for depth in range(30):
        inner = {"use": f"g{depth + 1}.json"}
        (here / f"g{depth}.json").write_text(
            json.dumps({"nodes": {"a": inner, "b": inner}, "outputs": {"x": "$a.x"}, "about": str(depth)})
        )
    (here / "g30.json").write_text(one())
    assert main.code(["check", "g0.json"]) == 2
    assert "opens up to more than" in capsys.readouterr().err


def test_a_value_handed_on_through_thousands_of_graphs_is_refused_without_recursion(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "pass.json").write_text('{"inputs": {"v": null}, "outputs": {"v": "$v"}}')
    nodes: dict[str, Any] = {"p0": {"use": "pass.json", "v": 1}}
    nodes |= {f"p{index}": {"use": "pass.json", "v": f"$p{index - 1}.v"} for index in range(1, 3000)}
    (here / "long.json").write_text(json.dumps({"nodes": nodes, "outputs": {"x": "$p2999.v"}}))
    assert main.code(["check", "long.json"]) == 2
    assert "leads through more than 128 graphs" in capsys.readouterr().err
    nodes = {name: nodes[name] for name in list(nodes)[:40]}
    nodes["n"] = {"use": "probe.number", "value": "$p39.v"}
    (here / "short.json").write_text(json.dumps({"nodes": nodes, "outputs": {"x": "$n"}}))
    assert main.code(["check", "short.json"]) == 0


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_a_graph_that_is_no_regular_file_is_not_waited_for(
    kind: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if kind == "pipe":
        os.mkfifo(here / "graph.json")
    elif kind == "device":
        (here / "graph.json").symlink_to("/dev/zero")
    else:
        (here / "graph.json").mkdir()
    assert main.code(["run", "graph.json"]) == 2
    assert "cannot read graph.json: it is no regular file" in capsys.readouterr().err


def test_an_output_folder_that_cannot_be_written_is_told_before_anything_runs(
    here: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = set(cache.rglob("*.safetensors"))
    (here / "graph.json").write_text(one())
    (here / "taken").write_text("a file")
    for out in ("taken", "taken/below", "/proc/nowhere", "x" * 300):
        assert main.code(["run", "graph.json", "--out", out]) == 2
        told = capsys.readouterr()
        assert "cannot write there" in told.err
        assert told.out == ""
    assert set(cache.rglob("*.safetensors")) == stored


def test_a_name_of_the_longest_kind_becomes_a_file_too(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = "名" * 33
    (here / f"{'長' * 80}.json").write_text(one(outputs={name: "$n", "x": "$n"}))
    assert main.code(["run", f"{'長' * 80}.json"]) == 0
    assert all((here / path).is_file() for path in capsys.readouterr().out.split())


@pytest.mark.slow
def test_an_int_of_too_many_digits_for_a_file_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nodes: dict[str, Any] = {"n0": {"use": "probe.number", "value": 100}}
    nodes |= {
        f"n{index}": {"use": "probe.add", "a": f"$n{index - 1}", "b": f"$n{index - 1}"} for index in range(1, 14_400)
    }
    (here / "graph.json").write_text(json.dumps({"nodes": nodes, "outputs": {"x": "$n14399"}}))
    assert main.code(["run", "graph.json"]) == 1
    told = capsys.readouterr()
    assert (told.out, "Traceback" in told.err) == ("", False)
    assert "no file can hold 'x': Exceeds the limit (4300 digits)" in told.err


def test_problems_of_a_long_text_keep_their_beginning_and_their_end() -> None:
    engine = Engine()
    with pytest.raises(GraphError) as caught:
        engine.run({"nodes": {"n": {"use": "t.number", "about": {"a" * 5000: "the end"}}}, "outputs": {"x": "$n"}})
    told = str(caught.value)
    assert "nodes.n.about: 'about' is a text, found" in told
    assert told.endswith('"the end"}')
    assert len(told) < 1200


def test_nothing_that_a_graph_names_is_imported_or_run_but_nodes_of_plugins(here: Path) -> None:
    (here / "evil.py").write_text("open('imported', 'w').close()\ndef node(): open('run', 'w').close()\n")
    for use in ("evil.node", "evil:node", "os.system", "builtins.exec", "noisegraph.cli", "probe.__class__", "evil.py"):
        (here / "graph.json").write_text(node(use=use))
        problems: list[str]
        try:
            problems = [str(told) for told in check(load(here / "graph.json"), Registry.installed()).problems]
        except GraphError as error:
            problems = [str(error)]
        assert len(problems) == 1, use
    assert not (here / "imported").exists()
    assert not (here / "run").exists()


def test_a_graph_of_64_levels_and_of_16_megabytes_is_read() -> None:
    deep = '{"nodes": {}, "inputs": {"x": ' + "[" * 62 + "]" * 62 + "}}"
    assert parse(deep).inputs["x"]
    assert len(parse(one(about=LONG)).about) == len(LONG)
