"""The schema of graph files takes what the engine takes, and refuses what an author gets wrong."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

import noisegraph as ng
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from noisegraph.check import check
from noisegraph.graph import library, load, parse
from noisegraph.needs import unmet
from noisegraph.node import spec_of
from noisegraph.registry import Local, Registry
from noisegraph.schema import schema
from pydantic import Field


class Mood(enum.Enum):
    """How a picture feels."""

    CALM = "calm"
    WILD = "wild"


@dataclass(frozen=True)
class Palette:
    """A value that cannot be typed into a file as it is."""

    colours: tuple[int, ...] = ()


class Opaque:
    """A value that is not plain data at all."""


class Halves(NamedTuple):
    """Two outputs."""

    left: ng.Image
    right: ng.Image


@ng.node
def draw(*, seed: Annotated[int, Field(ge=0, description="which picture")], wild: bool = False) -> ng.Image:
    """Draw a picture."""
    raise AssertionError("never run")


@ng.node
def mix(
    images: list[ng.Image],
    mask: ng.Mask | None = None,
    *,
    mood: Mood = Mood.CALM,
    mode: Literal["add", "screen"] = "add",
    scale: Annotated[float, Field(ge=0, le=10)] = 7.5,
    weights: Annotated[list[float], Field(max_length=3)] = [1.0],  # noqa: B006
    name: str | None = None,
    price: str = "$5",
    steps: int = 20,
    photo: Annotated[str, ng.FileKind((".png", ".jpg"))] = "",
    opaque: Opaque | None = None,
    palette: Palette = Palette(),
) -> Halves:
    """Mix pictures.

    mode: how they are laid over one another
    """
    raise AssertionError("never run")


SPECS = {f"test.{function.__name__}": spec_of(function).named("test", b"") for function in (draw, mix)}
GRAPHS = {"parts/twice": {"image": None, "strength": 0.5}}
SCHEMA = schema(SPECS, GRAPHS)


def complaints(node: dict[str, Any], whole: dict[str, Any] = SCHEMA) -> list[str]:
    graph = {"nodes": {"a": node}, "outputs": {"image": "$a"}}
    return [error.message for error in Draft202012Validator(whole).iter_errors(graph)]


def mixed(**more: Any) -> dict[str, Any]:
    return {"use": "test.mix", "images": "$pictures", **more}


def test_the_schema_is_one_and_is_plain_json() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


def test_without_any_node_installed_graphs_can_still_be_used_by_path() -> None:
    bare = schema({}, {})
    Draft202012Validator.check_schema(bare)
    assert complaints({"use": "mine.json"}, bare) == []
    assert len(complaints({"use": "test.draw"}, bare)) == 1


@pytest.mark.parametrize(
    "node",
    [
        {"use": "test.draw", "seed": 3},
        {"use": "test.draw", "seed": "$seed", "wild": "$wild", "about": "why", "device": "cpu", "cache": False},
        mixed(),
        mixed(images=["$a", "$b.left"], mask="$m"),
        mixed(mask=None, name=None, opaque=None),
        mixed(mood="wild", mode="screen", scale=0, weights=[1, "$w", 2.5], name="$$x", steps=-4),
        mixed(weights="$weights", opaque="$opaque", photo="cat.png", palette={"colours": [1, 2]}),
        {"use": "parts/twice", "image": "$a"},
        {"use": "parts/twice", "image": "$a", "strength": 1, "about": ""},
        {"use": "./mine.json", "whatever": 1},
    ],
    ids=str,
)
def test_nodes_that_are_right_pass(node: dict[str, Any]) -> None:
    assert complaints(node) == []


@pytest.mark.parametrize(
    ("node", "told"),
    [
        ({}, "'use' is a required property"),
        ({"use": "test.drow"}, "'test.drow' is not valid under any"),
        ({"use": "test.draw"}, "'seed' is a required property"),
        ({"use": "test.mix"}, "'images' is a required property"),
        ({"use": "test.draw", "seed": 1, "sede": 2}, "'sede' was unexpected"),
        ({"use": "test.draw", "seed": 1, "cache": "no"}, "'no' is not of type 'boolean'"),
        ({"use": "test.draw", "seed": 1, "device": "gpu"}, "does not match"),
        ({"use": "test.draw", "seed": 1.5}, "1.5 is not valid"),
        ({"use": "test.draw", "seed": -1}, "-1 is not valid"),
        ({"use": "test.draw", "seed": "seed"}, "'seed' is not valid"),
        ({"use": "test.draw", "seed": "$"}, "'$' is not valid"),
        ({"use": "test.draw", "seed": "$$seed"}, "'$$seed' is not valid"),
        ({"use": "test.draw", "seed": 1, "wild": 1}, "1 is not valid"),
        (mixed(images="pictures"), "'pictures' is not valid"),
        (mixed(images=["$a", "b"]), "is not valid"),
        (mixed(images=None), "None is not valid"),
        (mixed(mask="m"), "'m' is not valid"),
        (mixed(mood="sad"), "'sad' is not valid"),
        (mixed(mode="multiply"), "'multiply' is not valid"),
        (mixed(scale=11), "11 is not valid"),
        (mixed(weights=[1, 2, 3, 4]), "is not valid"),
        (mixed(weights=["w"]), "is not valid"),
        (mixed(opaque={"x": 1}), "is not valid"),
        (mixed(palette={"colours": "red"}), "is not valid"),
        ({"use": "parts/twice"}, "'image' is a required property"),
        ({"use": "parts/twice", "image": "$a", "strenth": 1}, "'strenth' was unexpected"),
    ],
    ids=str,
)
def test_each_mistake_in_a_node_is_told_once(node: dict[str, Any], told: str) -> None:
    (message,) = complaints(node)
    assert told in message


def test_a_forgotten_dollar_on_a_wired_port_fails() -> None:
    (message,) = complaints(mixed(mask="mask"))
    assert message == "'mask' is not valid under any of the given schemas"


@pytest.mark.parametrize(
    ("graph", "told"),
    [
        ({"nodes": {}, "outputs": {}, "node": {}}, "'node' was unexpected"),
        ({"outputs": {}}, "'nodes' is a required property"),
        ({"nodes": {}}, "'outputs' is a required property"),
        ({"nodes": {"a b": {"use": "x.json"}}, "outputs": {}}, "does not match"),
        ({"nodes": {"1": {"use": "x.json"}}, "outputs": {}}, "does not match"),
        ({"nodes": {}, "outputs": {"a": "b"}}, "does not match"),
        ({"nodes": {}, "outputs": {}, "inputs": {"a": "$b"}}, "should not be valid"),
        ({"nodes": {}, "outputs": {}, "sweep": {"a": []}}, "is not valid"),
        ({"nodes": {}, "outputs": {}, "sweep": [1]}, "is not valid"),
        ({"nodes": {}, "outputs": {}, "needs": {"a": 1}}, "not of type 'string'"),
        ([], "not of type 'object'"),
    ],
    ids=str,
)
def test_each_mistake_at_the_top_is_told(graph: Any, told: str) -> None:
    (error,) = Draft202012Validator(SCHEMA).iter_errors(graph)
    assert told in error.message


VALUES: tuple[Any, ...] = (
    None, True, 0, 3, -1, 1.5, 11, "x", "add", "calm", "cpu", "$picture", "$number", "$word", "$$x", "$picture.left",
    [], ["$picture"], ["$picture", "$picture"], [1, 2.5], [1, "$number"], ["x"], [None], [1, 2, 3, 4],
    {"colours": [1]}, {"colours": ["$number"]}, {},
)  # fmt: skip
BLANK = {"picture": {"use": "test.draw", "seed": 1}}
REGISTRY = Registry([Local("test", [draw, mix])])


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(SPECS)), st.data())
def test_what_the_engine_accepts_passes_the_schema(use: str, data: st.DataObject) -> None:
    keys = [*SPECS[use].ports, "about", "device", "cache", "other"]
    chosen = data.draw(st.dictionaries(st.sampled_from(keys), st.sampled_from(VALUES), max_size=4))
    node = {"use": use, **({"images": "$picture"} if use == "test.mix" else {"seed": 1}), **chosen}
    graph = {"inputs": {"number": 1, "word": "add"}, "nodes": {**BLANK, "a": node}, "outputs": {"image": "$a"}}
    if not check(parse(json.dumps(graph)), REGISTRY).problems:
        assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(graph)] == []


def test_a_whole_graph_passes() -> None:
    graph = {
        "$schema": "./noisegraph.schema.json",
        "about": "Everything at once.",
        "inputs": {"seed": 1, "größe": None, "words": "$$5", "list": [1, {"a": 2}]},
        "nodes": {"a": {"use": "test.draw", "seed": "$seed"}},
        "outputs": {"image": "$a"},
        "sweep": {"seed": [1, 2]},
        "needs": {"noisegraph-acme": ">=0.2"},
    }
    assert Draft202012Validator(SCHEMA).is_valid(graph)
    assert Draft202012Validator(SCHEMA).is_valid({**graph, "sweep": [{"seed": 1}]})


def ports(use: str) -> dict[str, Any]:
    branches = SCHEMA["$defs"]["node"]["allOf"]
    found = next(one["then"] for one in branches if one["if"]["properties"]["use"]["const"] == use)
    return dict(found["properties"])


def test_an_editor_learns_names_help_defaults_ranges_and_choices() -> None:
    use = SCHEMA["$defs"]["node"]["properties"]["use"]["anyOf"][0]
    told = dict(zip(use["enum"], use["enumDescriptions"], strict=True))
    assert told["test.draw"] == "Draw a picture."
    assert "parts/twice" in told
    assert ports("test.draw")["seed"]["description"] == "which picture"
    mix = ports("test.mix")
    assert mix["mode"]["description"] == "how they are laid over one another"
    assert mix["mode"]["anyOf"][0]["enum"] == ["add", "screen"]
    assert mix["scale"]["default"] == 7.5
    assert (mix["scale"]["anyOf"][0]["minimum"], mix["scale"]["anyOf"][0]["maximum"]) == (0, 10)
    assert mix["price"]["default"] == "$$5"
    assert mix["mood"]["default"] == "calm"
    assert mix["palette"]["default"] == {"colours": []}
    assert mix["photo"]["description"] == "A file that ends in .png or .jpg."
    assert "default" not in mix["mask"]
    assert ports("parts/twice")["strength"] == {"default": 0.5}


def test_the_schema_grows_by_the_same_amount_with_every_node() -> None:
    def size(count: int) -> int:
        return len(json.dumps(schema({f"test.n{index:04}": SPECS["test.mix"] for index in range(count)}, {})))

    assert size(300) - size(200) == size(200) - size(100)


@pytest.mark.slow
def test_every_graph_of_the_library_whose_needs_are_met_passes() -> None:
    registry = Registry.installed()
    graphs = {name: load(file) for name, file in library().items()}
    whole = schema(registry.specs(), {name: graph.inputs for name, graph in graphs.items()})
    Draft202012Validator.check_schema(whole)
    for name, graph in graphs.items():
        assert "$schema" in graph.data, name
        if not unmet(graph.needs):
            errors = Draft202012Validator(whole).iter_errors(graph.data)
            assert [f"{name} {error.json_path}: {error.message}" for error in errors] == []
