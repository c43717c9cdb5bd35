"""How the house is built: which floor may import which, what each module says of itself, and what loads torch."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import networkx as nx
import noisegraph as ng
import pytest
from packaging.requirements import Requirement

from .source_tree import CORE, NODES, PLUGINS, ROOT, SHIPPED, Import, Module, modules, project

FLOORS = (
    ("errors", "node"),
    ("hookspecs",),
    ("registry",),
    ("written", "form", "graph"),
    ("check", "checking", "schema"),
    ("plan",),
    ("run", "running"),
    ("cli", "serving"),
)
"""From the ground up; a floor knows nothing of those above it."""
HEAVY = {
    "torch",
    "matplotlib",
    "textual",
    "PIL",
    "numpy",
    "safetensors",
    "sklearn",
    "scipy",
    "diffusers",
    "transformers",
}
VAGUE = {"utils", "util", "helper", "helpers", "manager", "base", "misc", "common", "stuff"}
NAMES = {module.name for module in CORE}
PARTS = {"blake3": "blake3", "pillow": "PIL", "scikit-learn": "sklearn"}
"""Distributions whose module has another name."""
ENTRY_POINTS = project()["project"]["entry-points"]["noisegraph"]


def target(found: Import) -> str:
    """The module that an import loads: `from .x import y` loads x.y where that is a module, else x."""
    whole = f"{found.module}.{found.name}"
    return whole if whole in NAMES else found.module


def when_run(module: Module) -> Iterator[Import]:
    """What a module imports when it runs, sooner or later: not what it imports for types alone."""
    return (found for found in module.imports if not found.for_types)


def core_imports() -> nx.DiGraph:
    """Module -> module, in the core."""
    found = nx.DiGraph()
    found.add_nodes_from(NAMES)
    edges = ((module.name, target(one)) for module in CORE for one in when_run(module))
    found.add_edges_from((source, end) for source, end in edges if end in NAMES and end != source)
    found.remove_edges_from([(source, "noisegraph") for source in NAMES if source != "noisegraph"])
    return found


def of_floor(floor: Iterable[str]) -> set[str]:
    """The core's modules that stand on a floor, a package with all that is in it."""
    return {
        name for name in NAMES for one in floor if name == f"noisegraph.{one}" or name.startswith(f"noisegraph.{one}.")
    }


def ids(modules: Iterable[Module]) -> list[str]:
    return [module.shown for module in modules]


@pytest.mark.parametrize("number", range(len(FLOORS)), ids=lambda number: "+".join(FLOORS[number]))
def test_no_floor_reaches_up(number: int) -> None:
    graph = core_imports()
    here = of_floor(FLOORS[number])
    above = {name for floor in FLOORS[number + 1 :] for name in of_floor(floor)}
    assert [one for one in FLOORS[number] if f"noisegraph.{one}" not in NAMES] == []
    reached = {(name, up) for name in here for up in nx.descendants(graph, name) & above}
    assert reached == set()


def test_no_imports_of_the_core_go_round_in_a_circle() -> None:
    assert [sorted(circle) for circle in nx.strongly_connected_components(core_imports()) if len(circle) > 1] == []


def test_the_contract_of_diffusion_knows_nothing_of_graphs() -> None:
    graph, engine = core_imports(), of_floor(("registry", "graph", "check", "plan", "store", "run", "cli"))
    diffusion = of_floor(("diffusion",))
    assert {name: nx.descendants(graph, name) & engine for name in diffusion} == {name: set() for name in diffusion}


def test_the_core_imports_no_node() -> None:
    found = {
        (module.shown, one.line)
        for module in CORE
        for one in module.imports
        if f"{one.module}.{one.name}.".startswith(("noisegraph.nodes.", "nodes.", "noisegraph_"))
    }
    assert found == set()


@pytest.mark.parametrize("plugin", ["nodes", *PLUGINS])
def test_nodes_see_the_face_of_noisegraph_and_modules_beside_them(plugin: str) -> None:
    inside = NODES if plugin == "nodes" else PLUGINS[plugin]
    package = inside[0].name.split(".")[0] if plugin != "nodes" else "noisegraph.nodes"
    for module in inside:
        for one in module.imports:
            place = f"{module.shown}:{one.line}"
            if one.relative:
                assert f"{one.module}.".startswith(f"{package}."), f"{place} leaves its package"
            elif one.module.split(".")[0] == "noisegraph":
                assert (one.module, one.name, one.alias) == ("noisegraph", "", "ng"), (
                    f"{place}: `import noisegraph as ng`"
                )
            assert one.relative or not one.module.startswith(package), f"{place}: relative inside a package"


def test_networks_import_nothing_of_noisegraph() -> None:
    found = {
        (module.shown, one.line)
        for module in NODES
        if ".networks" in module.name
        for one in module.imports
        if one.module.startswith("noisegraph") and not one.module.startswith("noisegraph.nodes.networks")
    }
    assert found == set()


def test_what_nodes_take_from_noisegraph_is_part_of_its_face() -> None:
    modules = [*NODES, *(module for inside in PLUGINS.values() for module in inside)]
    taken = {
        (node.attr, module.shown)
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ng"
    }
    assert {one for one in taken if one[0] not in ng.__all__} == set()


def test_the_face_shows_type_checkers_what_it_shows_at_run_time() -> None:
    (face,) = (module for module in CORE if module.name == "noisegraph")
    typed = {found.name: found.module for found in face.imports if found.for_types} | {"node": "noisegraph.node"}
    homes = {name: f"noisegraph.{home}" for name, home in ng._HOME_OF.items()} | {"node": "noisegraph.node"}
    assert typed == homes
    assert [name for name in ng.__all__ if getattr(ng, name, None) is None] == []


def test_every_file_of_nodes_is_an_entry_point_of_its_name() -> None:
    files = {path.stem for path in (ROOT / "nodes").glob("*.py")} - {"__init__"}
    assert {name: f"noisegraph.nodes.{name}" for name in sorted(files)} == dict(sorted(ENTRY_POINTS.items()))


def test_nothing_heavy_is_imported_by_importing_noisegraph_or_its_nodes() -> None:
    code = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)))\n"
    )
    core = [module.name for module in CORE if ".testing" not in module.name and "noisegraph.tui" not in module.name]
    plugins = [project(ROOT / "plugins" / name)["project"]["entry-points"]["noisegraph"].values() for name in PLUGINS]
    names = sorted([*core, *ENTRY_POINTS.values(), *(name for names in plugins for name in names)])
    paths = os.pathsep.join(str(ROOT / "plugins" / name) for name in PLUGINS)
    told = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run([sys.executable, "-c", code, *names], env=told, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


@pytest.mark.parametrize("module", [*CORE, *NODES], ids=ids([*CORE, *NODES]))
def test_heavy_libraries_are_imported_inside_functions(module: Module) -> None:
    if ".networks" in module.name:
        assert {"torch"} >= {one.module.split(".")[0] for one in module.imports} & HEAVY
        return
    at_once = {one.module.split(".")[0] for one in module.imports if not (one.deferred or one.for_types)}
    screen = {"textual"} if module.name.startswith("noisegraph.tui.") else set()
    assert at_once & HEAVY <= screen


@pytest.mark.parametrize("module", SHIPPED, ids=ids(SHIPPED))
def test_every_module_opens_with_a_sentence_and_reads_annotations_late(module: Module) -> None:
    doc = ast.get_docstring(module.tree)
    assert doc is not None
    assert re.match(r"[`A-Z].*?[.]$", doc.split("\n\n")[0], re.DOTALL), doc
    functions = [node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    late = {one.name for one in module.imports if one.module == "__future__"}
    assert late == {"annotations"} or not functions


@pytest.mark.parametrize("module", SHIPPED, ids=ids(SHIPPED))
def test_everything_public_says_what_it_is(module: Module) -> None:
    assert [node.name for node in public(module.tree) if not ast.get_docstring(node)] == []


def public(scope: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Functions and classes without an underscore, and what classes hold.

    An overload is told by its function, a test by its name, a network's forward by its class.
    """
    for node in scope.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if node.name.startswith(("_", "test_")) or node.name == "forward":
            continue
        marks = {ast.unparse(mark) for mark in node.decorator_list}
        if not marks & {"overload", "typing.overload", "override"}:
            yield node
        if isinstance(node, ast.ClassDef):
            yield from public(node)


@pytest.mark.parametrize("module", SHIPPED, ids=ids(SHIPPED))
def test_modules_have_telling_names_no_global_statement_and_syntax_of_the_oldest_python(module: Module) -> None:
    assert set(re.split(r"[._]", module.name.removeprefix("noisegraph"))) & VAGUE == set()
    assert [node.lineno for node in ast.walk(module.tree) if isinstance(node, ast.Global)] == []
    oldest = project()["project"]["requires-python"].removeprefix(">=").split(",")[0]
    version = tuple(int(part) for part in oldest.split("."))
    ast.parse(module.path.read_text(encoding="utf-8"), feature_version=(version[0], version[1]))


@pytest.mark.parametrize("module", NODES, ids=ids(NODES))
def test_nodes_draw_from_no_global_generator_and_read_no_clock(module: Module) -> None:
    called = {ast.unparse(node.func) for node in ast.walk(module.tree) if isinstance(node, ast.Call)}
    hidden = (
        r"torch\.(manual_seed|seed|rand\w*|bernoulli|multinomial)|numpy\.random\..*|random\..*|time\..*|\w+\.normal_"
    )
    wild = {name for name in called if re.fullmatch(hidden, name)}
    assert wild == set() or ".networks" in module.name  # parameters of a network are drawn when it is made for training


@pytest.mark.parametrize("folder", [ROOT, *(ROOT / "plugins" / name for name in PLUGINS)], ids=lambda path: path.name)
def test_every_library_that_is_imported_is_a_dependency(folder: Path) -> None:
    settings = project(folder)["project"]
    asked = [*settings["dependencies"], *(project()["project"]["dependencies"] if folder != ROOT else [])]
    declared = {PARTS.get(name, name) for name in map(_name, asked)}
    inside = [*CORE, *NODES] if folder == ROOT else PLUGINS[folder.name]
    own = {module.name.split(".")[0] for module in inside}
    used = {one.module.split(".")[0] for module in inside for one in module.imports if not one.relative}
    contracts = {"pytest"}  # subclassed by tests alone
    assert used - own - declared - contracts - set(sys.stdlib_module_names) == set()


def test_every_library_that_tests_import_comes_with_the_extra_for_tests() -> None:
    settings = project()["project"]
    asked = [*settings["dependencies"], *settings["optional-dependencies"]["test"]]
    declared = {PARTS.get(name, name) for name in map(_name, asked)} | {"noisegraph", "tests"}
    inside = modules(ROOT / "tests", "tests")
    used = {(one.module.split(".")[0], module.shown) for module in inside for one in module.imports if not one.relative}
    plugins = {package[0].name for package in PLUGINS.values()}
    assert {one for one in used if one[0] not in declared | plugins | set(sys.stdlib_module_names)} == set()


def _name(requirement: str) -> str:
    return Requirement(requirement).name.lower()
