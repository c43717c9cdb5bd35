"""The command line: what it prints where, and with which code it ends."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from noisegraph.cli import main
from noisegraph.cli.text import columns, printable
from noisegraph.devices import DTYPES
from noisegraph.quantities import duration, size

from .cli_probe import PROBE, call, chain, environment, used, write


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in, the probe installed, and a cache of one's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(PROBE))
    monkeypatch.setenv("NOISEGRAPH_CACHE", str(used(tmp_path / "cache")))
    return tmp_path


def in_process(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a call in this process."""
    code = main.code(list(arguments))
    out, error = capsys.readouterr()
    return code, out, error


def test_help_names_every_command_in_the_words_of_its_own_help(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = in_process(capsys, "--help")
    assert code == 0
    for name, told in main.COMMANDS.items():
        command = importlib.import_module(f"noisegraph.cli.{name}").command
        assert isinstance(command, click.Command)
        assert command.name == name
        assert command.get_short_help_str(200) == told
        assert re.search(rf"^  {name} +{re.escape(told)}$", out, re.MULTILINE)


@pytest.mark.parametrize("name", [*main.COMMANDS, "cache info", "cache verify", "cache prune", "cache clear"])
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = in_process(capsys, *name.split(), "--help")
    assert code == 0
    assert out.startswith("Usage: noisegraph")


@pytest.mark.parametrize("name", ["run", "check", "plan", "worker"])
def test_help_names_every_dtype_that_there_is(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = in_process(capsys, name, "--help")
    assert f"auto, {', '.join(DTYPES)}." in " ".join(out.split())


def test_the_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    from importlib.metadata import version

    assert in_process(capsys, "--version")[:2] == (0, f"noisegraph {version('noisegraph')}\n")


def test_what_runs_nothing_imports_no_torch(tmp_path: Path) -> None:
    write(tmp_path, **chain("image.load", file="picture.png"))
    commands = ["--help", "nodes", "nodes sampler.sample", "graphs", "plugins", "schema", "check digit",
                "plan digit digit=3", "cache info", "run --help", "check graph.json"]  # fmt: skip
    for command, told in zip(commands, _modules(commands, tmp_path), strict=True):
        assert "noisegraph.cli.text" in told
        assert not told & {"torch", "textual"}, command


def test_help_imports_only_what_it_shows(tmp_path: Path) -> None:
    (told,) = _modules(["--help"], tmp_path)
    assert not told & {"pydantic", "numpy", "PIL", "networkx", "rich", "pluggy", "noisegraph.registry"}


def _modules(commands: list[str], folder: Path) -> list[set[str]]:
    """What is imported after each of some calls of one process."""
    code = (
        "import sys\nfrom noisegraph.cli.main import code\n"
        "for command in sys.argv[1:]:\n"
        "    code(command.split())\n"
        "    print('imported', *sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *commands],
        cwd=folder, env=environment(folder / "cache"), capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return [set(line.split()[1:]) for line in done.stderr.splitlines() if line.startswith("imported ")]


def test_an_unknown_command_is_refused_with_the_nearest_name(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, error = in_process(capsys, "chekc")
    assert (code, out) == (2, "")
    assert "did you mean 'check'?" in error


def test_check_prints_the_inputs_with_the_types_that_follow_from_their_ports(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, error = in_process(capsys, "check", write(here, **chain("probe.picture", shade=None, batch=2)))
    assert code == 0
    assert re.search(r"shade +must be given +float", out)
    assert re.search(r"batch += 2 +int", out)
    assert re.search(r"out +Image", out)
    assert "all well" in error


def test_check_tells_all_problems_each_with_its_place_also_as_json(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = '{\n  "nodes": {\n    "a": { "use": "probe.numbr" },\n    "b": { "use": "probe.add", "a": "$c" }\n  },'
    (here / "bad.json").write_text(text + '\n  "outputs": { "x": "$b" }\n}')
    code, out, error = in_process(capsys, "check", "bad.json")
    assert (code, out) == (2, "")
    assert "bad.json:3:19 nodes.a.use: no node 'probe.numbr'; did you mean 'probe.number'?" in error
    assert "bad.json:4:37 nodes.b.a: $c refers to nothing" in error
    assert "2 problems" in error
    code, out, _ = in_process(capsys, "check", "bad.json", "--json")
    assert code == 2
    assert [(one["line"], one["column"]) for one in json.loads(out)["problems"]] == [(3, 19), (4, 37)]


def test_check_tells_as_json_even_what_is_no_graph(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "bad.json").write_text('{"nodes": }')
    code, out, error = in_process(capsys, "check", "bad.json", "--json")
    assert (code, [one["line"] for one in json.loads(out)["problems"]]) == (2, [1])
    assert "bad.json:1:11" in error


WRONG = {
    "no graph": ([], "no GRAPH"),
    "unknown graph": (["digti"], "did you mean 'digit'?"),
    "missing file": (["nothing.json"], "no file nothing.json"),
    "missing picture": (["nothing.png"], "no such file"),
    "a folder": (["folder.json"], "cannot read folder.json"),
    "unknown input": (["good.json", "valu=3"], "did you mean 'value'?"),
    "unset input": (["unset.json"], "input 'value' (int) needs a value; give it: value=..."),
    "wrong type": (["good.json", "value=seven"], 'should be a valid integer, found "seven"'),
    "out of range": (["good.json", "value=101"], "less than or equal to 100, found 101"),
    "not a number": (["good.json", "value=NaN"], 'found "NaN"'),
    "given twice": (["good.json", "value=1", "value=2"], "'value' is given twice"),
    "no assignment": (["good.json", "value"], "write name=value"),
    "a sweep of nothing": (
        ["good.json", "--sweep", "value"],
        "'value' names no input and its value; write --sweep name=v1,v2",
    ),
    "swept and given": (["good.json", "value=1", "--sweep", "value=1,2"], "is given a value and swept"),
    "unknown sweep": (["good.json", "--sweep", "valve=1,2"], "did you mean 'value'?"),
    "empty sweep": (["good.json", "--sweep", "value="], "no values to sweep 'value' through"),
    "wrong sweep": (["good.json", "--sweep", "value=1,x"], "point 2 of the sweep"),
    "huge sweep": (["good.json", "--sweep", "value=" + ",".join("1" * 100_001)], "a sweep of 100001 points"),
    "unknown node to stop at": (["good.json", "--until", "nod"], "did you mean 'node'?"),
    "unknown node to refresh": (["good.json", "--fresh", "nod"], "did you mean 'node'?"),
    "a new folder and an unknown node": (["good.json", "--fresh", "nod", "--out", "new"], "did you mean 'node'?"),
    "a new folder and an unknown place": (
        ["good.json", "--on", "elsewhre", "--out", "new"],
        "did you mean 'elsewhere'?",
    ),
    "unknown device": (["good.json", "--device", "cude"], "did you mean 'cuda'?"),
    "unknown dtype": (["good.json", "--dtype", "float9"], "did you mean 'float"),
    "unknown option": (["good.json", "--frash"], "No such option"),
    "no size": (["good.json", "--memory", "much"], "write one like 500MB"),
    "no output": (["none.json"], "the graph has no outputs"),
    "broken plugin": (["broken.json"], "plugin 'probe_broken' (noisegraph-probe) cannot be used: ModuleNotFoundError"),
    "no file can hold it": (["opaque.json"], "output 'out' is of type Opaque, which no file can hold"),
    "cycle": (["cycle.json"], "b -> a -> b"),
    "leaves the folder": (["leaves.json"], "leads out of the folders"),
    "an absolute path": (["absolute.json"], "leads out of the folders"),
    "a link that leaves": (["link.json"], "leads out of the folders"),
    "not JSON": (["text.json"], "text.json:1:1"),
    "not UTF-8": (["latin.json"], "not UTF-8"),
    "empty": (["empty.json"], "empty"),
    "deep": (["deep.json"], "nest"),
    "not a picture": (["fake.png"], "fake.png"),
    "a foreign picture": (["foreign.png"], "it does not say how it was made"),
    "out is a file": (["good.json", "--out", "good.json"], "good.json: cannot write there"),
    "out is below a file": (["good.json", "--out", "good.json/x"], "cannot write there"),
}


def _write_wrong(folder: Path) -> None:
    from PIL import Image

    write(folder, "good.json", **chain("probe.number", value=1))
    write(folder, "unset.json", **chain("probe.number", value=None))
    write(folder, "opaque.json", **chain("probe.opaque"))
    write(folder, "broken.json", **chain("probe_broken.x"))
    write(folder, "none.json", nodes={"a": {"use": "probe.number"}})
    loop = {"a": {"use": "probe.add", "a": "$b"}, "b": {"use": "probe.add", "a": "$a"}}
    write(folder, "cycle.json", nodes=loop, outputs={"x": "$a"})
    (folder.parent / f"{folder.name}.txt").write_text("outside")
    (folder / "link.txt").symlink_to(folder.parent / f"{folder.name}.txt")
    for name, file in (("leaves", f"../{folder.name}.txt"), ("absolute", "/etc/hosts.txt"), ("link", "link.txt")):
        write(folder, f"{name}.json", **chain("probe.size", file=file))
    (folder / "folder.json").mkdir()
    (folder / "text.json").write_text("a graph")
    (folder / "latin.json").write_bytes('{"about": "\xe9"}'.encode("latin-1"))
    (folder / "empty.json").write_text("")
    (folder / "deep.json").write_text('{"inputs": {"x": ' + "[" * 10_000 + "]" * 10_000 + "}}")
    (folder / "fake.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    Image.new("L", (4, 4)).save(folder / "foreign.png")


@pytest.mark.parametrize(("arguments", "told"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_call_is_told_and_nothing_runs_or_is_written(
    arguments: list[str], told: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write_wrong(here)
    before = {path: path.stat().st_mtime_ns for path in here.iterdir() if path.name != "cache"}
    code, out, error = in_process(capsys, "run", *arguments)
    assert (code, out) == (2, "")
    assert told in error
    assert "Traceback" not in error
    assert {path: path.stat().st_mtime_ns for path in here.iterdir() if path.name != "cache"} == before


def test_several_faults_of_graph_and_call_are_told_at_once(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    graph = chain("probe.add", a=None) | {"outputs": {"x": "$nothing"}}
    code, _, error = in_process(capsys, "run", write(here, **graph), "--device", "gpu", "b=1", "oops")
    assert code == 2
    for told in ("no such device: 'gpu'", "'oops' names no input", "no input 'b'", "$nothing refers to nothing"):
        assert told in error


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(texts=st.lists(st.text(max_size=30), max_size=4), option=st.sampled_from(["", "--sweep", "--until", "--fresh"]))
def test_no_arguments_whatever_bring_a_traceback(
    texts: list[str], option: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = write(here, **chain("probe.words", text="x"))
    arguments = [f"text={text}" for text in texts[:1]] + texts[1:] + ([option, "".join(texts)] if option else [])
    code, _, error = in_process(capsys, "plan", graph, "--disk", "0", *arguments)
    assert code in (0, 2)
    assert "Traceback" not in error


def test_values_are_json_where_that_fits_the_port_and_text_elsewhere(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = write(here, **chain("probe.words", text="x"))
    for text in ("7", "true", "null", '"7"', "[1", "", "a=b", "NaN", "1e999"):
        code, out, _ = in_process(capsys, "run", graph, f"text={text}", "--json", "--quiet")
        assert code == 0
        assert json.loads(out)["points"][0]["values"] == {"out": "7" if text == '"7"' else text}
    code, out, _ = in_process(capsys, "run", write(here, **chain("probe.number", value=1)), "value=7", "--json")
    assert json.loads(out)["points"][0]["values"] == {"out": 7}


def test_sweeps_are_products_and_quotes_keep_commas_together(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    graph = write(here, **chain("probe.words", text="x"))
    code, out, _ = in_process(capsys, "run", graph, "--sweep", 'text=1,b,"c, d"', "--json")
    assert code == 0
    assert [point["values"]["out"] for point in json.loads(out)["points"]] == ["1", "b", "c, d"]
    two: dict[str, Any] = {"inputs": {"a": 1, "b": 1}, "outputs": {"x": "$add"}} | {
        "nodes": {"one": {"use": "probe.number", "value": "$a"}, "add": {"use": "probe.add", "a": "$one", "more": "$b"}}
    }
    _, out, _ = in_process(capsys, "run", write(here, **two), "--sweep", "a=1,2", "--sweep", "b=10,20", "--json")
    assert [point["values"]["x"] for point in json.loads(out)["points"]] == [11, 21, 12, 22]


def test_a_given_value_leaves_the_graphs_own_sweep(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    graph = write(here, **chain("probe.number", value=1), sweep={"value": [1, 2, 3]})
    _, out, _ = in_process(capsys, "run", graph, "--json")
    assert [point["values"]["out"] for point in json.loads(out)["points"]] == [1, 2, 3]
    _, out, _ = in_process(capsys, "run", graph, "value=5", "--json")
    assert [point["values"]["out"] for point in json.loads(out)["points"]] == [5]


def test_a_graph_comes_from_stdin_too(tmp_path: Path) -> None:
    done = call("run", "-", "value=4", cwd=tmp_path, stdin=json.dumps(chain("probe.number", value=1)))
    assert (done.returncode, done.stdout) == (0, "stdin-0001.json\n")
    assert (tmp_path / "stdin-0001.json").read_text() == "4\n"
    wrong = call("run", "-", cwd=tmp_path, stdin="{")
    assert wrong.returncode == 2
    assert "stdin:1:" in wrong.stderr


def test_stdout_holds_the_files_alone_whatever_a_node_prints(tmp_path: Path) -> None:
    done = call("run", write(tmp_path, **chain("probe.trouble", kind="print")), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "graph-0001.json\n")
    assert "probe.trouble printed: the probe prints this" in done.stderr
    done = call("run", "graph.json", "kind=write", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["points"][0]["files"] == {"out": ["graph-0002.json"]}
    assert "the probe writes this" in done.stderr


def test_quiet_tells_nothing_where_nothing_is_wrong(tmp_path: Path) -> None:
    done = call("run", write(tmp_path, **chain("probe.number", value=3)), "--quiet", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "graph-0001.json\n", "")


@pytest.mark.parametrize(
    ("kind", "told"),
    [("raise", "ZeroDivisionError: the probe divides by zero"), ("told", "told to fail; ask for something else"),
     ("type", "promises int and gave 'no number'"), ("exit", "called sys.exit(3)"), ("memory", "out of memory")],
)  # fmt: skip
def test_a_failing_node_is_told_with_its_plugin_and_inputs_and_the_rest_is_done(
    kind: str, told: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nodes = {
        "five": {"use": "probe.number", "value": 5},
        "bad": {"use": "probe.trouble", "a": "$five", "kind": kind},
        "after": {"use": "probe.add", "a": "$bad"},
        "good": {"use": "probe.add", "a": "$five"},
    }
    graph = write(here, nodes=nodes, outputs={"bad": "$after", "good": "$good"})
    code, out, error = in_process(capsys, "run", graph)
    assert (code, out) == (1, "graph-0001-good.json\n")
    assert "bad (probe.trouble of noisegraph-probe 1.0) failed" in error
    assert told in error
    assert "  a: 5" in error
    assert "after: not run: it needs bad, which failed" in error
    code, out, _ = in_process(capsys, "run", graph, "--json", "--quiet")
    point = json.loads(out)["points"][0]
    assert (code, point["values"], list(point["failed"])) == (1, {"good": 6}, ["bad"])


def test_a_traceback_begins_at_the_nodes_own_code_unless_all_of_it_is_asked_for(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = write(here, **chain("probe.trouble", kind="raise"))
    _, _, short = in_process(capsys, "run", graph)
    _, _, long = in_process(capsys, "run", graph, "--traceback")
    assert "noisegraph_probe.py" in short
    assert "perform.py" not in short
    assert "perform.py" in long


def test_until_makes_a_node_the_output_and_runs_no_further(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nodes = {"a": {"use": "probe.number", "value": 2}, "b": {"use": "probe.trouble", "a": "$a"}}
    graph = write(here, nodes=nodes, outputs={"x": "$b"})
    code, out, _ = in_process(capsys, "run", graph, "--until", "a", "--json")
    assert (code, json.loads(out)["points"][0]["values"]) == (0, {"a": 2})


def test_what_a_plugins_codec_stores_can_be_written(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = in_process(capsys, "run", write(here, **chain("probe.coded")))
    assert (code, out) == (0, "graph-0001.safetensors\n")


def test_an_importer_reads_what_is_no_graph(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "other.probe").write_text("probe 17")
    code, out, _ = in_process(capsys, "run", "other.probe", "--json")
    assert (code, json.loads(out)["points"][0]["values"]) == (0, {"x": 17})
    (here / "other.probe").write_text("probe x")
    code, _, error = in_process(capsys, "run", "other.probe")
    assert code == 2
    assert "other.probe: the importer 'probe' failed: ValueError" in error
    (here / "other.probe").write_text("something else")
    assert "other.probe:1:1" in in_process(capsys, "run", "other.probe")[2]


def test_a_plan_runs_on_a_place_that_a_plugin_brings(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    graph = write(here, **chain("probe.number", value=3))
    code, out, _ = in_process(capsys, "run", graph, "--on", "elsewhere")
    assert (code, out, (here / "used").exists()) == (0, "graph-0001.json\n", True)
    code, _, error = in_process(capsys, "run", graph, "--on", "elsewere")
    assert code == 2
    assert "no place 'elsewere' to run on; did you mean 'elsewhere'?" in error
    assert in_process(capsys, "run", graph, "--on", "elsewhere", "--fresh")[0] == 2


def test_fresh_runs_again_what_is_cached_and_only_what_reads_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nodes = {"a": {"use": "probe.number"}, "b": {"use": "probe.add", "a": "$a"}}
    graph = write(here, nodes=nodes, outputs={"x": "$b"})
    told = r"(\d) of 2 nodes to run|everything is cached"

    def to_run(*arguments: str) -> str:
        _, _, error = in_process(capsys, "run", *arguments)
        match = re.search(told, error)
        assert match
        return match[1] or "0"

    assert to_run(graph) == "2"
    assert to_run(graph) == "0"
    assert to_run(graph, "--fresh", "b") == "1"
    assert to_run(graph, "--fresh=a") == "2"
    assert to_run(graph, "--fresh") == "2"
    assert to_run("--fresh", graph) == "2"


def test_plan_says_what_will_run_and_why_and_how_long_it_took(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nodes = {"a": {"use": "probe.number", "value": "$v"}, "b": {"use": "probe.add", "a": "$a"}}
    graph = write(here, inputs={"v": 1}, nodes=nodes, outputs={"x": "$b"})
    code, out, error = in_process(capsys, "plan", graph)
    assert (code, out.splitlines()) == (0, ["a: run, never run", "b: run, never run"])
    assert "2 will run, 0 cached" in error
    in_process(capsys, "run", graph)
    _, out, error = in_process(capsys, "plan", graph)
    assert out.splitlines() == ["a: hidden, what reads it is cached", "b: cached, on disk"]
    _, out, error = in_process(capsys, "plan", graph, "v=2")
    assert "a: run, parameter 'value' changed 1 -> 2; took " in out
    assert "b: run, upstream changed: a; took " in out
    assert error.startswith("2 will run, 0 cached, about 0.0 s\n")
    nodes["c"] = {"use": "probe.add", "a": "$b"}
    write(here, inputs={"v": 1}, nodes=nodes, outputs={"x": "$c"})
    assert "3 will run, 0 cached, about 0.0 s beside what never ran" in in_process(capsys, "plan", graph, "v=2")[2]
    _, out, _ = in_process(capsys, "plan", graph, "v=2", "--json")
    assert [node["state"] for node in json.loads(out)["nodes"]] == ["run", "run", "run"]


def test_events_are_json_lines_that_count_up_and_end_with_result_and_done(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = write(here, **chain("probe.count", steps=3))
    code, out, _ = in_process(capsys, "run", graph, "--events", "jsonl")
    told = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [one["seq"] for one in told] == list(range(len(told)))
    assert told[0]["event"] == "plan"
    assert [one["event"] for one in told[-2:]] == ["result", "done"]
    assert [one["step"] for one in told if one["event"] == "progress"][-1] == 3
    assert [one["held"] for one in told if one.get("state") == "done"] == [32]  # an int in memory
    assert told[-2]["points"][0]["files"] == {"out": ["graph-0001.json"]}


def test_a_wrong_call_is_an_event_too(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, error = in_process(capsys, "run", write(here, **chain("probe.number", value=None)), "--events", "jsonl")
    (told,) = [json.loads(line) for line in out.splitlines()]
    assert (code, told["event"], told["kind"]) == (2, "error", "graph")
    assert told["problems"][0]["path"] == "inputs.value"
    assert "needs a value" in error


def test_nodes_tells_all_about_one_or_lists_a_plugin(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = in_process(capsys, "nodes", "probe.number")
    assert "probe.number (noisegraph-probe 1.0)" in out
    assert re.search(r"value +int +.*1, >= 0, <= 100", out)
    _, out, _ = in_process(capsys, "nodes", "probe")
    assert out.splitlines()[0].split()[0] == "probe.number"
    code, _, error = in_process(capsys, "nodes", "probe.numbre")
    assert code == 2
    assert "did you mean 'probe.number'?" in error
    _, out, error = in_process(capsys, "nodes", "--json")
    assert {"probe.number", "sampler.sample"} <= {node["name"] for node in json.loads(out)}


def test_plugins_tells_what_is_wrong_with_the_broken_and_which_commands_are_added(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, error = in_process(capsys, "plugins")
    assert code == 0
    assert re.search(r"^probe +noisegraph-probe +1\.0 +15 +greet$", out, re.MULTILINE)
    assert re.search(r"^probe_broken +noisegraph-probe +1\.0 +broken$", out, re.MULTILINE)
    assert "probe_broken: ModuleNotFoundError: no module named 'noisegraph_probe_that_is_not_there'" in error
    _, out, _ = in_process(capsys, "plugins", "--json")
    told = {plugin["name"]: plugin for plugin in json.loads(out)}
    assert told["probe_broken"]["error"]
    assert not told["probe"]["error"]


def test_a_plugins_command_is_called_like_any_other(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert in_process(capsys, "greet")[:2] == (0, "the probe greets you\n")


def test_show_asks_plugins_what_a_file_is_that_noisegraph_did_not_write(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in (("known", "probe 7"), ("damaged", "probe damaged"), ("strange", "something")):
        Path(name).write_text(text)
    assert in_process(capsys, "show", "known")[:2] == (0, "probe\n  number  7\n")
    assert json.loads(in_process(capsys, "show", "known", "--json")[1]) == {"probe": {"number": "7"}}
    code, _, error = in_process(capsys, "show", "damaged")
    assert (code, "damaged: a damaged probe; write another" in error) == (2, True)
    code, _, error = in_process(capsys, "show", "strange")
    assert (code, "no file that noisegraph knows" in error) == (2, True)
    Path("bytes").write_bytes(b"\xff\xfe")
    code, _, error = in_process(capsys, "show", "bytes")
    assert (code, "no file that noisegraph knows" in error) == (2, True)
    assert "warning: bytes: 'probe' failed to look at it: UnicodeDecodeError" in error


def test_graphs_lists_the_library(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = in_process(capsys, "graphs")
    assert re.search(r"^digit +A handwritten digit", out, re.MULTILINE)


def test_graphs_of_published_systems_are_listed_by_year(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = {"systems/a": "Song et al. 2021", "systems/b": "Ho, Jain & Abbeel 2020", "plain": ""}
    for name, paper in papers.items():
        path = tmp_path / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"paper": paper, "about": "It shows.", "nodes": {}, "outputs": {}}))
    files = {name: tmp_path / f"{name}.json" for name in papers}
    monkeypatch.setattr("noisegraph.cli.graphs.library", lambda: files)
    _, out, _ = in_process(capsys, "graphs")
    assert [line.split()[0] for line in out.splitlines()] == ["plain", "systems/b", "systems/a"]
    assert "Ho, Jain & Abbeel 2020" in out


def test_schema_is_the_one_that_graphs_validate_against(capsys: pytest.CaptureFixture[str]) -> None:
    from jsonschema import Draft202012Validator
    from noisegraph.graph import library

    code, out, _ = in_process(capsys, "schema")
    assert code == 0
    validator = Draft202012Validator(json.loads(out))
    graph = json.loads(library()["digit"].read_text())
    validator.validate(graph)
    graph["nodes"]["toward"]["unet"] = "model.unet"
    assert any("unet" in error.json_path for error in validator.iter_errors(graph)), "a forgotten dollar passes"


def test_the_cache_is_told_verified_pruned_and_cleared(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for value in range(3):
        in_process(capsys, "run", write(here, **chain("probe.number", value=1)), f"value={value}")
    _, out, _ = in_process(capsys, "cache", "info", "--json")
    assert json.loads(out)["entries"] == 3
    victim = next((here / "cache").glob("??/*.safetensors"))
    victim.write_bytes(victim.read_bytes()[:-1] + b"?")
    code, out, error = in_process(capsys, "cache", "verify")
    assert (code, out) == (0, "2 entries are sound, 1 were damaged\n")
    assert str(victim) in error
    _, out, _ = in_process(capsys, "cache", "prune", "--disk", "0", "--json")
    assert json.loads(out)["removed"] == 2
    assert in_process(capsys, "cache", "clear")[0] == 0


def test_new_writes_a_package_and_refuses_to_overwrite_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = in_process(capsys, "new", "node", "glow")
    assert code == 0
    assert (here / out.strip() / "pyproject.toml").is_file()
    code, _, error = in_process(capsys, "new", "node", "glow")
    assert code == 2
    assert "exists already" in error


def test_an_error_of_noisegraph_itself_asks_to_be_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise KeyError("inside")

    monkeypatch.setattr("noisegraph.cli.graphs.library", broken)
    code, _, error = in_process(capsys, "graphs")
    assert code == 70
    assert "KeyError" in error
    assert "Please report it" in error


def test_that_nobody_reads_on_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m noisegraph schema | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, env=environment(tmp_path), cwd=tmp_path, check=True
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "141"


def test_control_characters_never_reach_a_terminal() -> None:
    assert printable("a\x1b[2Jb\x07\u202ec\ud800") == "a\\x1b[2Jb\\x07\\u202ec\\ud800"
    assert printable("two\nlines\twith é and 雪") == "two\nlines\twith é and 雪"


def test_times_and_sizes_are_told_as_people_say_them() -> None:
    told = [duration(count) for count in (0.04, 9.96, 59, 61, 3725)]
    assert told == ["0.0 s", "10.0 s", "59 s", "1 min 1 s", "1 h 2 min"]
    assert [size(count) for count in (0, 999, 1500, 2e9)] == ["0 B", "999 B", "1.5 kB", "2.0 GB"]
    assert columns([("a", "bb"), ("ccc", "d")]) == "a    bb\nccc  d"
