"""What a check finds: every problem at once, each with its place and what to try."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from noisegraph.check import check, require
from noisegraph.errors import GraphError
from noisegraph.graph import load, parse
from noisegraph.opening import parsed

from .conftest import Engine


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


def graph(*nodes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Nodes n0, n1, ...; the last is the output."""
    named = {f"n{index}": node for index, node in enumerate(nodes)}
    return {"nodes": named, "outputs": {"x": f"$n{len(nodes) - 1}"}, **more}


ONE = {"use": "t.number", "value": 1}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (graph({"use": "t.nomber"}), "no node 't.nomber'; did you mean 't.number'?"),
        (graph({"use": "q.number"}), "no plugin 'q'"),
        (graph({"use": "t.add"}), "t.add needs 'a'; wire it"),
        (graph({"use": "t.number", "valu": 1}), "no such port or parameter of t.number: 'valu'; did you mean 'value'?"),
        (graph({"use": "t.number", "value": "3"}), "'value' of t.number should be a valid integer, found \"3\""),
        (graph({"use": "t.number", "value": 5.9}), "found 5.9"),
        (graph({"use": "t.number", "value": True}), "found true"),
        (graph({"use": "t.real", "value": True}), "found true"),
        (graph({"use": "t.text", "value": 3}), "found 3"),
        (graph({"use": "t.real", "value": 1001}), "less than or equal to 1000"),
        (graph({"use": "t.colour", "of": "green"}), "'red' or 'blue'"),
        (graph({"use": "t.colour", "shade": "dim"}), "'dark' or 'light'"),
        (graph({"use": "t.text"}, {"use": "t.add", "a": "$n0"}), "of n1 (t.add) wants int, but n0 (t.text) gives str"),
        (graph({"use": "t.real"}, {"use": "t.add", "a": "$n0"}), "wants int, but n0 (t.real) gives float"),
        (graph({"use": "t.pair"}, {"use": "t.add", "a": "$n0"}), "did you mean '$n0.first'?"),
        (graph(ONE, {"use": "t.total", "items": "$n0"}), 'write a list: "items": ["$n0"]'),
        (graph({"use": "t.text"}, {"use": "t.total", "items": ["$n0"]}), "wants int, but n0 (t.text) gives str"),
        (
            graph(
                {"use": "t.numbers"},
                {"use": "t.total", "items": "$n0"},
                {"use": "t.total", "items": ["$n0"]},
                outputs={"a": "$n1", "b": "$n2"},
            ),
            "'items' of n2 (t.total) wants int, but n0 (t.numbers) gives list[int]",
        ),
        (graph({"use": "t.real"}, {"use": "t.length", "a": "$n0"}), "wants Metres, but n0 (t.real) gives float"),
        (graph(ONE, {"use": "t.add", "a": "$n0o"}), "$n0o refers to nothing; did you mean 'n0'?"),
        (graph(ONE, {"use": "t.add", "a": "$n0.x"}), "has no field 'x'"),
        (graph({"use": "t.pair"}, {"use": "t.add", "a": "$n0.frist"}), "did you mean 'first'?"),
        (graph(ONE, {"use": "t.add", "a": "n0"}), 'did you mean "$n0"?'),
        (graph(ONE, {"use": "t.add", "a": 5}), "'a' of t.add is wired"),
        (graph(ONE, {"use": "t.number", "value": "n0"}), 'found "n0"; did you mean "$n0"?'),
        (graph({"use": "t.pair"}, {"use": "t.number", "value": "n0.first"}), 'did you mean "$n0.first"?'),
        (graph({"use": "t.text"}, {"use": "t.total", "items": "$n0"}), "but n0 (t.text) gives str"),
        (graph({"use": "t.span", "low": 5, "high": 2}), "low 5 is above high 2"),
        (graph(ONE, outputs={}), "the graph has no outputs"),
        (graph(ONE, outputs={"x": "$n7"}), "$n7 refers to nothing"),
        (graph(ONE, outputs={"x": "$n0.field"}), "has no field 'field'"),
        (graph(ONE, nods={}), "no such key in a graph: 'nods'; did you mean 'nodes'?"),
        (graph(ONE, needs={"noisegraph-none": ">=2"}), "pip install 'noisegraph-none>=2'"),
        (graph(ONE, needs={"noisegraph": ">=99"}), "needs noisegraph >=99, found"),
        (graph(ONE, sweep={"k": [1]}), "sweeps 'k', which is no input"),
        (graph(ONE, inputs={"k": 1}, sweep={"k": 1}), "wants a list of values"),
        (graph(ONE, inputs={"k": 1}, sweep={"k": []}), "wants a list of values"),
        (graph(ONE, inputs={"k": 1, "j": 1}, sweep=[{"k": 1}, {"j": 1}]), "give the same inputs in every row"),
        (graph(ONE, inputs={"n0": 1}), "'n0' is the name of an input and of a node"),
        (graph({"use": "t.content", "file": "../../etc/hosts.txt"}), "leads out of the folders"),
        (graph({"use": "t.content", "file": "/etc/hostname"}), "leads out of the folders"),
        (graph({"use": "t.content", "file": "nowhere.txt"}), "no file 'nowhere.txt'"),
        (graph({"use": "t.contents", "files": ["../../etc/hosts.txt"]}), "leads out of the folders"),
        (graph({"use": "t.whisper", "secret": "x"}), "whose values do not come back from JSON as they were"),
        (graph({"use": "t.text"}, {"use": "t.content", "file": "$n0"}), "names a file, which no node can choose"),
        (graph({"use": "t.text"}, {"use": "t.contents", "files": ["$n0"]}), "names a file, which no node can choose"),
        (graph({"about": "x"}), 'a node needs "use"'),
        (graph({"use": "no-such-graph"}), "no graph 'no-such-graph'"),
        (graph({"use": "./nowhere.json"}), "nowhere.json"),
        (graph({"use": "t.number", "device": "toaster"}), "toaster"),
        (graph({"use": "t.number", "cache": "no"}), "'cache' is true or false"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_what_to_try(engine: Engine, wrong: dict[str, Any], told: str) -> None:
    try:
        problems = engine.problems(wrong)
    except GraphError as error:
        problems = [str(problem) for problem in error.problems]
    assert len(problems) == 1, problems
    assert told in problems[0]


@pytest.mark.parametrize(
    "right",
    [
        graph(ONE, {"use": "t.halve", "a": "$n0"}),
        graph({"use": "t.dog"}, {"use": "t.pet", "animal": "$n0"}),
        graph(ONE, {"use": "t.either", "a": "$n0"}),
        graph({"use": "t.text"}, {"use": "t.either", "a": "$n0"}),
        graph(ONE, {"use": "t.maybe", "a": "$n0"}),
        graph({"use": "t.maybe", "a": None}),
        graph({"use": "t.maybe"}),
        graph({"use": "t.real", "value": 3}),
        graph({"use": "t.measure"}, {"use": "t.length", "a": "$n0"}),
        graph({"use": "t.measure"}, {"use": "t.halve", "a": "$n0"}),
        graph({"use": "t.numbers"}, {"use": "t.total", "items": "$n0"}),
        graph(ONE, {"use": "t.number", "value": "$n0"}),
        graph({"use": "t.colour", "of": "blue", "shade": "light"}),
        graph(ONE, {"use": "t.choose", "first": "$n0", "second": "$n0"}, {"use": "t.add", "a": "$n1"}),
    ],
)
def test_c8_c9_c20_what_fits_is_accepted(engine: Engine, right: dict[str, Any]) -> None:
    assert engine.problems(right) == []


def test_a_generic_node_gives_the_type_of_its_wires(engine: Engine) -> None:
    nodes = ({"use": "t.text"}, {"use": "t.choose", "first": "$n0"}, {"use": "t.add", "a": "$n1"})
    (told,) = engine.problems(graph(*nodes))
    assert "wants int, but n1 (t.choose) gives str" in told
    (told,) = engine.problems(graph(ONE, {"use": "t.text"}, {"use": "t.choose", "first": "$n0", "second": "$n1"}))
    assert "wants wires of one type, found int, str" in told


def test_c11_a_cycle_is_shown_with_its_members(engine: Engine) -> None:
    nodes = ({"use": "t.add", "a": "$n2"}, {"use": "t.add", "a": "$n0"}, {"use": "t.add", "a": "$n1"})
    (told,) = engine.problems(graph(*nodes))
    assert "nodes that wait for one another: " in told
    circle = told.split("another: ")[1].split(" -> ")
    assert circle[0] == circle[-1]
    assert set(circle) == {"n0", "n1", "n2"}


def test_c11_a_node_that_reads_itself_is_a_cycle(engine: Engine) -> None:
    (told,) = engine.problems(graph({"use": "t.add", "a": "$n0"}))
    assert "n0 -> n0" in told


def test_c11_a_cycle_that_no_output_needs_is_told(engine: Engine) -> None:
    nodes = {"a": {"use": "t.add", "a": "$b"}, "b": {"use": "t.add", "a": "$a"}, "n": ONE}
    (told,) = engine.problems({"nodes": nodes, "outputs": {"x": "$n"}})
    assert "wait for one another" in told


def test_c12_all_problems_come_at_once_with_their_places(engine: Engine) -> None:
    text = """{
  "nodes": {
    "a": {"use": "t.nomber"},
    "b": {"use": "t.number", "valu": 3},
    "c": {"use": "t.add", "a": "$b", "b": "$nobody"},
    "d": {"use": "t.real", "value": "x"}
  },
  "outputs": {"x": "$c"}
}"""
    problems = engine.problems(text)
    assert [problem.split(" ")[0] for problem in problems] == [
        "graph:3:18", "graph:4:30", "graph:5:43", "graph:6:37",
    ]  # fmt: skip


def test_c15_a_chain_of_ten_thousand_is_checked_without_recursion(engine: Engine) -> None:
    nodes: list[dict[str, Any]] = [ONE, *({"use": "t.add", "a": f"$n{index}"} for index in range(10_000))]
    assert engine.problems(graph(*nodes)) == []


def test_an_input_is_checked_against_every_port_that_it_feeds(engine: Engine) -> None:
    nodes = ({"use": "t.real", "value": "$k"}, {"use": "t.number", "value": "$k"})
    assert engine.problems(graph(*nodes, inputs={"k": 3})) == []
    (told,) = engine.problems(graph(*nodes, inputs={"k": 3.5}))
    assert "input 'k', for 'value' of t.number (n1)" in told
    (told,) = engine.problems(graph(*nodes, inputs={"k": 3}), k=2000)
    assert "less than or equal to 1000" in told


def test_inputs_of_conflicting_types_are_told(engine: Engine) -> None:
    nodes = ({"use": "t.text", "value": "$k"}, {"use": "t.number", "value": "$k"})
    (told,) = engine.problems(graph(*nodes, inputs={"k": None}))
    assert "(str)" in told
    assert "(int)" in told
    assert "no value fits" in told


def test_an_input_without_a_value_must_be_given_to_run(engine: Engine) -> None:
    wanting = graph({"use": "t.number", "value": "$k"}, inputs={"k": None})
    assert engine.problems(wanting) == []
    with pytest.raises(GraphError, match=r"input 'k' \(int\) needs a value; give it: k=..."):
        require(check(parse(json.dumps(wanting)), engine.registry))
    assert engine.run(wanting, k=4).outputs == {"x": 4}


def test_the_types_of_inputs_follow_from_their_ports(engine: Engine) -> None:
    nodes = ({"use": "t.real", "value": "$k"}, {"use": "t.number", "value": "$k"})
    found = check(parse(json.dumps(graph(*nodes, inputs={"k": 3, "idle": 1}))), engine.registry)
    assert found.input_type("k") == "int"
    assert found.input_type("idle") == "unused"


def test_an_unknown_input_in_the_call_is_told(engine: Engine) -> None:
    (told,) = engine.problems(graph(ONE, inputs={"steps": 1}), stepz=3)
    assert "no input 'stepz' to give a value to; did you mean 'steps'?" in told


def test_dollars(engine: Engine) -> None:
    assert engine.run(graph({"use": "t.text", "value": "$$5"})).outputs == {"x": "$5"}
    assert engine.run(graph({"use": "t.text", "value": "$v"}, inputs={"v": "$$5"})).outputs == {"x": "$5"}
    assert engine.run(graph({"use": "t.text", "value": "$v"}, inputs={"v": ""}), v="$5").outputs == {"x": "$5"}
    within = graph({"use": "t.anything", "value": {"a": ["$$x", "b$"]}})
    assert engine.run(within).outputs == {"x": "{'a': ['$x', 'b$']}"}
    (told,) = engine.problems(graph({"use": "t.anything", "value": {"a": "$n0"}}))
    assert "a reference cannot stand here" in told


def test_a_sweep_is_checked_at_every_point(engine: Engine) -> None:
    wrong = graph({"use": "t.real", "value": "$k"}, inputs={"k": 1.0}, sweep={"k": [1, 2000, "x"]})
    problems = engine.problems(wrong)
    assert len(problems) == 2
    assert "point 2 of the sweep" in problems[0]
    assert "point 3 of the sweep" in problems[1]


PART = {
    "inputs": {"a": None, "more": 5},
    "nodes": {"s": {"use": "t.add", "a": "$a", "more": "$more"}},
    "outputs": {"sum": "$s", "again": "$s"},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "part.json").write_text(json.dumps(PART))
    return tmp_path


def _put(folder: Path, name: str, content: dict[str, Any]) -> Path:
    path = folder / name
    path.write_text(json.dumps(content, indent=1))
    return path


def _problems(engine: Engine, path: Path) -> list[str]:
    return [str(problem) for problem in check(load(path), engine.registry).problems]


def test_a_graph_is_a_node_of_another(engine: Engine, folder: Path) -> None:
    from noisegraph.plan import plan
    from noisegraph.run import run

    from .conftest import CPU, Told

    inner = {"use": "part.json", "a": "$b"}
    middle = {"inputs": {"b": None}, "nodes": {"p": inner}, "outputs": {"out": "$p.again"}}
    _put(folder, "middle.json", middle)
    outer = graph(ONE, {"use": "part.json", "a": "$n0", "more": "$m"}, {"use": "middle.json", "b": "$n1.sum"},
                  inputs={"m": 10})  # fmt: skip
    path = _put(folder, "outer.json", outer)
    told = Told(list(run(plan(check(load(path), engine.registry), CPU), engine.cache)))
    assert told.outputs == {"x": 16}
    assert told.ran == ["n0", "n1/s", "n2/p/s"]


def test_a_sub_graph_with_several_outputs_is_asked_which(engine: Engine, folder: Path) -> None:
    path = _put(folder, "o.json", graph(ONE, {"use": "part.json", "a": "$n0"}))
    (told,) = _problems(engine, path)
    assert "part.json has several outputs; it has sum, again" in told
    path = _put(folder, "o.json", graph({"use": "part.json", "a": 1}, outputs={"x": "$n0.smu"}))
    told = "".join(_problems(engine, path))
    assert "part.json has no output 'smu'; did you mean 'sum'?" in told


def test_errors_inside_sub_graphs_have_their_place(engine: Engine, folder: Path) -> None:
    wrong = {"inputs": {}, "nodes": {"s": {"use": "t.number", "value": "x"}}, "outputs": {"o": "$s"}}
    _put(folder, "wrong.json", wrong)
    path = _put(folder, "o.json", graph({"use": "wrong.json"}))
    (told,) = _problems(engine, path)
    assert "wrong.json:" in told
    assert "nodes.s.value (in n0)" in told


def test_a_mistake_in_a_sub_graph_is_told_once_with_how_many_uses_it_has(engine: Engine, folder: Path) -> None:
    nodes = {
        "n": {"use": "t.number", "value": 1},
        "t": {"use": "t.text"},
        "bad": {"use": "t.add", "a": "$n", "b": "$t"},
        "typo": {"use": "t.add", "a": "$n", "bb": "$n", "b": "$n"},
    }
    _put(folder, "wrong.json", {"nodes": nodes, "outputs": {"o": "$bad", "p": "$typo"}})
    once = {"nodes": {"u": {"use": "wrong.json"}}, "outputs": {"x": "$u.o"}}
    twice = {"nodes": {"u": {"use": "wrong.json"}, "v": {"use": "wrong.json"}}, "outputs": {"x": "$u.o"}}
    uses = {f"u{i}": {"use": "wrong.json"} for i in range(200)} | {"own": {"use": "t.nubmer"}}
    many = {"nodes": uses, "outputs": {"x": "$u7.o"}}
    told = {name: _problems(engine, _put(folder, f"{name}.json", graph_)) for name, graph_ in
            {"once": once, "twice": twice, "many": many}.items()}  # fmt: skip
    assert all("(in u):" in line for line in told["once"])
    assert all("(in u and 1 other use of it):" in line for line in told["twice"])
    assert len(told["once"]) == len(told["twice"]) == 2
    assert sum("and 199 other uses of it):" in line for line in told["many"]) == 2
    assert any("t.nubmer" in line for line in told["many"])
    assert len(told["many"]) == 3


def test_what_two_uses_give_wrongly_is_told_of_each(engine: Engine, folder: Path) -> None:
    nodes = {f"u{i}": {"use": "part.json", "a": "text"} for i in range(3)}
    path = _put(folder, "o.json", {"nodes": nodes, "outputs": {"x": "$u0.sum", "y": "$u1.sum", "z": "$u2.sum"}})
    assert [f"nodes.u{i}.a" for i in range(3)] == sorted(
        line.split()[1].rstrip(":") for line in _problems(engine, path)
    )


def test_what_a_sub_graph_needs_and_does_not_know_is_told(engine: Engine, folder: Path) -> None:
    path = _put(folder, "o.json", {"nodes": {"p": {"use": "part.json", "mor": 1}}, "outputs": {"x": "$p.sum"}})
    problems = _problems(engine, path)
    assert "part.json needs a value for its input 'a'" in problems[0]
    assert "part.json has no input 'mor'; did you mean 'more'?" in problems[1]


def test_an_input_in_a_list_of_wires_is_told_at_the_list_whether_it_has_a_value_or_not(engine: Engine) -> None:
    nodes = {"n": {"use": "t.number"}, "s": {"use": "t.total", "items": ["$n", "$more"]}}
    for default in (None, 3):
        graph = {"inputs": {"more": default}, "nodes": nodes, "outputs": {"x": "$s"}}
        (problem,) = engine.problems(graph)
        assert "holds references to nodes or values, not both" in problem


def test_problems_are_told_in_the_order_of_the_text(engine: Engine) -> None:
    text = """{"outputs": {"x": "$gone"},
      "nodes": {"b": {"use": "t.number", "value": "two"},
                "a": {"use": "t.none"}}}"""
    assert [problem.where.line for problem in check(parse(text), engine.registry).problems] == [1, 2, 3]


def test_wires_into_sub_graphs_are_typed(engine: Engine, folder: Path) -> None:
    path = _put(folder, "o.json", {
        "nodes": {"t": {"use": "t.text"}, "p": {"use": "part.json", "a": "$t", "more": "x"}},
        "outputs": {"x": "$p.sum"},
    })  # fmt: skip
    problems = _problems(engine, path)
    assert any("'a' of p/s (t.add) wants int, but t (t.text) gives str" in told for told in problems)
    assert any('found "x"' in told and "o.json" in told for told in problems)
    assert all("o.json:" in told and "nodes.p." in told for told in problems), "a mistake is where it was written"
    assert len(problems) == 2


@pytest.mark.parametrize("names", [["self.json"], ["self.json", "two.json"], ["self.json", "two.json", "three.json"]])
def test_a_graph_that_includes_itself_is_refused(engine: Engine, folder: Path, names: list[str]) -> None:
    for name, other in zip(names, [*names[1:], names[0]], strict=True):
        _put(folder, name, {"about": name, "nodes": {"n": {"use": other}}, "outputs": {"x": "$n.x"}})
    (told,) = _problems(engine, folder / "self.json")
    assert "includes itself" in told


def test_a_value_that_goes_around_through_a_sub_graph_is_refused(engine: Engine, folder: Path) -> None:
    _put(folder, "pass.json", {"inputs": {"v": None}, "nodes": {}, "outputs": {"v": "$v"}})
    path = _put(folder, "o.json", {"nodes": {"p": {"use": "pass.json", "v": "$p.v"}}, "outputs": {"x": "$p.v"}})
    problems = _problems(engine, path)
    assert any("leads back to itself" in told for told in problems)


def test_a_sub_graph_outside_the_folder_is_refused(engine: Engine, folder: Path) -> None:
    inside = folder / "inside"
    inside.mkdir()
    path = _put(inside, "o.json", graph({"use": "../part.json", "a": "$n0"}))
    assert "leads out of the folders" in _problems(engine, path)[0]


NAMES = st.sampled_from(["n0", "n1", "k", "x", "a", "", "$", "nodes", "use", "t.add", "t.number", "value", "digit"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False) | NAMES
    | st.sampled_from(["$n0", "$n1", "$k", "$n0.x", "$", "$$", "$n1.first.x", "$.", "$n0."]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
USES = st.sampled_from(["t.add", "t.number", "t.total", "t.choose", "t.pair", "t.maybe", "digit", "t.", ".", "", "x/y"])
PORTS = st.dictionaries(
    st.sampled_from(["a", "b", "value", "items", "first", "take", "cache", "device"]), VALUES, max_size=3
)
NODES = st.dictionaries(
    st.sampled_from(["n0", "n1", "n2", "k"]),
    PORTS.flatmap(lambda ports: USES.map(lambda use: {"use": use, **ports})),
    max_size=4,
)
GRAPHS = st.fixed_dictionaries(
    {"nodes": NODES | VALUES, "outputs": st.dictionaries(st.sampled_from(["x", "y"]), VALUES, max_size=2) | VALUES},
    optional={"inputs": st.dictionaries(st.sampled_from(["k", "j"]), VALUES, max_size=2) | VALUES, "sweep": VALUES},
)


@settings(max_examples=400, deadline=None)
@given(GRAPHS)
def test_c21_no_graph_makes_the_checker_raise(engine: Engine, drawn: dict[str, Any]) -> None:
    try:
        found = check(parse(json.dumps(drawn)), engine.registry)
    except GraphError:
        return
    if not found.problems and not found.unset:
        engine.plan(drawn)


def test_the_form_of_some_parts_does_not_hide_what_is_wrong_with_the_others(engine: Engine) -> None:
    text = """{
  "inputs": {"both": 1},
  "nodes": {
    "both": {"use": "t.number"},
    "bare": {},
    "text": "t.number",
    "a": {"use": "t.nomber"},
    "b": {"use": "t.add", "a": "$bare", "b": "$nobody"}
  },
  "output": {"x": "$b"},
  "sweep": {"both": 3}
}"""
    with pytest.raises(GraphError) as told:
        parsed(text.encode(), "graph", Path(), engine.registry)
    lines = [problem.where.line for problem in told.value.problems]
    assert lines == [4, 5, 6, 7, 8, 10, 11]
    assert "did you mean 'outputs'?" in str(told.value)
    assert "no node 't.nomber'" in str(told.value)
    assert "$nobody refers to nothing" in str(told.value)
