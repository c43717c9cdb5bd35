"""Every graph of the library: valid for editors, without problems, planned without torch, and run while small."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from noisegraph.check import check
from noisegraph.devices import Device
from noisegraph.events import RunFinished
from noisegraph.graph import library, load
from noisegraph.plan import plan
from noisegraph.registry import Registry
from noisegraph.run import run
from noisegraph.schema import installed_schema
from noisegraph.store.cache import Cache
from noisegraph.written import Graph

from .nodes.drawing import emoji_can_be_drawn
from .source_tree import ROOT

GRAPHS = library()
WHOLE = [name for name, path in GRAPHS.items() if None not in load(path).inputs.values()]
"""Those that run as they are; the others are parts, which get their inputs from what includes them."""
REGISTRY = Registry.installed()
SMALL: dict[str, Any] = {
    "steps": 3, "iterations": 1, "batch": 2, "count": 20, "finest": 40, "levels": 5, "updates": 3,
    "plain_updates": 15, "repeat": 2, "clip_iterations": 1, "emoji_finest": 8, "upper_steps": 2, "wordings": 1,
    "wordings_batch": 2, "decoding": 1,
}  # fmt: skip
"""Inputs that say how long a graph runs, with a value for which it runs shortly."""
THIN = {"every": 50}
"""Inputs that say how much is left out, with a value for which it is most."""
FEW: dict[str, dict[str, Any]] = {
    "train/emoji-clip": {"every": 6},
    "emojis": {"prompts": ["a red heart", "pizza"], "count": 2},
    "systems/ncsn": {"levels": 20},
}
"""Inputs of a graph that go together, for few pictures or for as many words as a vocabulary wants."""
LONG = ("systems/", "theory/", "train/emoji")
"""How the names of graphs begin that take a second or more even so."""
SHORT = ("systems/diffusion-2015", "systems/unclip", "theory/order", "theory/swiss-roll")
"""Those among them that do not."""


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return installed_schema(REGISTRY)


@pytest.fixture(scope="module")
def cache() -> Cache:
    """What graphs have in common, as the exact solutions of the theory's, is made once."""
    return Cache(10**8, None)


def opened(name: str) -> Graph:
    return load(GRAPHS[name])


def test_the_library_is_the_folder() -> None:
    folder = ROOT / "graphs"
    files = {path for path in folder.rglob("*.json") if path.name != "noisegraph.schema.json"}
    assert {path.resolve() for path in GRAPHS.values()} == files
    assert set(WHOLE) >= {"digit", "digits", "train/digit"}


@pytest.mark.parametrize("name", GRAPHS)
def test_it_is_valid_for_editors(name: str, schema: dict[str, Any]) -> None:
    data = json.loads(GRAPHS[name].read_text(encoding="utf-8"))
    validator = Draft202012Validator(met(schema, {node["use"] for node in data["nodes"].values()}))
    assert [error.message for error in validator.iter_errors(data)] == []


def met(schema: dict[str, Any], uses: set[str]) -> dict[str, Any]:
    """The schema without the rules for nodes that a graph does not use, which take nearly all of the time."""
    node = schema["$defs"]["node"]
    rules = [rule for rule in node["allOf"] if rule["if"]["properties"]["use"]["const"] in uses]
    assert len(rules) == len({use for use in uses if not use.endswith(".json")})
    return schema | {"$defs": schema["$defs"] | {"node": node | {"allOf": rules or [True]}}}


@pytest.mark.parametrize("name", GRAPHS)
def test_it_names_the_schema_in_the_librarys_folder_and_says_what_it_is_for(name: str) -> None:
    data = json.loads(GRAPHS[name].read_text(encoding="utf-8"))
    schema = Path(GRAPHS[name].parent, data["$schema"]).resolve()
    assert schema == ROOT / "graphs" / "noisegraph.schema.json"
    assert data["about"].endswith(".")


@pytest.mark.parametrize("name", GRAPHS)
def test_it_has_no_problems(name: str) -> None:
    assert [str(problem) for problem in check(opened(name), REGISTRY, {}).problems] == []


@pytest.mark.parametrize("name", GRAPHS)
def test_it_needs_the_plugins_whose_nodes_it_uses(name: str) -> None:
    data = json.loads(GRAPHS[name].read_text(encoding="utf-8"))
    plugins = {node["use"].partition(".")[0] for node in data["nodes"].values() if node["use"] not in GRAPHS}
    found = {plugin.name: plugin.distribution for plugin in REGISTRY.plugins()}
    foreign = {found[plugin] for plugin in plugins if plugin in found} - {"noisegraph"}
    assert set(data.get("needs", {})) == foreign


def test_all_are_planned_without_torch() -> None:
    code = (
        "import sys\n"
        "from noisegraph.cli.main import code\n"
        "done = [code(['plan', name]) for name in sys.argv[1:]]\n"
        "assert 'torch' not in sys.modules, 'torch was imported'\n"
        "sys.exit(max(done))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *WHOLE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name.startswith(LONG) and name not in SHORT else [])
        for name in WHOLE
    ],
)
def test_it_runs(name: str, cache: Cache) -> None:
    graph = opened(name)
    if "data.emoji" in GRAPHS[name].read_text(encoding="utf-8") and not emoji_can_be_drawn():
        pytest.skip("needs the packages fonts-noto-color-emoji, unicode-data and libraqm0")
    given = {one: value for one, value in SMALL.items() if one in graph.inputs and value < graph.inputs[one]}
    given |= {one: value for one, value in THIN.items() if one in graph.inputs and value > graph.inputs[one]}
    given |= FEW.get(name, {})
    *_, last = run(plan(check(graph, REGISTRY, given), Device("cpu", "float32")), cache)
    assert isinstance(last, RunFinished)
    assert last.failed == 0
    for result in last.results:
        assert set(result.outputs) == set(graph.outputs)
