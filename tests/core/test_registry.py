"""How plugins are found, and that one that is broken hurts only the graphs that name it."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import signal
import sys
from pathlib import Path

import pytest
from noisegraph.check import check
from noisegraph.errors import PluginError
from noisegraph.graph import parse
from noisegraph.registry import GROUP, Registry

GOOD = '''
import noisegraph as ng

@ng.node
def seven() -> int:
    """Seven."""
    return 7

@ng.hookimpl
def noisegraph_nodes():
    return [seven]
'''
BROKEN = {
    "import_error": ("import nothing_of_this_name", "No module named 'nothing_of_this_name'"),
    "syntax": ("def broken(:", "SyntaxError"),
    "raises": ("raise RuntimeError('no driver')", "RuntimeError: no driver"),
    "exits": ("import sys; sys.exit(4)", "SystemExit: 4"),
    "wrong_return": (GOOD.replace("[seven]", "seven"), "noisegraph_nodes() returned function; return a list"),
    "not_a_node": (GOOD.replace("@ng.node\n", ""), "is not a node; decorate it with @ng.node"),
    "twice": (GOOD.replace("[seven]", "[seven, seven]"), "two nodes called 'twice.seven'"),
    "misspelt": (GOOD.replace("noisegraph_nodes", "noisegraph_nods"), "noisegraph_nods"),
    "signature": (GOOD.replace("noisegraph_nodes()", "noisegraph_nodes(graph)"), "graph"),
    "unannotated": (GOOD.replace("def seven()", "def seven(a)"), "port 'a' has no annotation"),
    "no_return": (GOOD.replace(" -> int", ""), "the return has no annotation"),
    "starred": (GOOD.replace("seven()", "seven(*a: int)"), "is not a port"),
    "default_file": (GOOD.replace("seven()", "seven(*, file: ng.File = 'a.txt')"), "the file 'file' has a default"),
    "default_object": (GOOD.replace("seven()", "seven(*, k: int = object())"), "the default of 'k' cannot be written"),
    "interrupts": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "leaves": ("class Leave(BaseException): ...\nraise Leave('now')", "Leave: now"),
    "unprintable": (
        "class Mute(Exception):\n    def __str__(self): raise ValueError\nraise Mute",
        "Mute: (it cannot be shown)",
    ),
    "generator": (GOOD.replace("return [seven]", "yield seven"), "returned generator; return a list"),
    "json": (GOOD.replace("seven", "json"), "a node cannot be called 'json'"),
    "unreadable": (GOOD.replace("-> int", "-> 'Nowhere'"), "its annotations cannot be read"),
}


def install(folder: Path, name: str, code: str, requires: str = "", entry: str = "") -> None:
    """Put a plugin where importlib.metadata finds it, as pip would."""
    (folder / f"plug_{name}.py").write_text(code)
    info = folder / f"dist_{name}-1.2.dist-info"
    info.mkdir()
    need = f"Requires-Dist: {requires}\n" if requires else ""
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: dist-{name}\nVersion: 1.2\n{need}")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{entry or name} = plug_{name}\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("NOISEGRAPH_PLUGINS", raising=False)
    for name in [name for name in sys.modules if name.startswith("plug_")]:
        del sys.modules[name]
    importlib.invalidate_caches()
    return tmp_path


def test_a_plugin_is_found_through_its_entry_point(site: Path) -> None:
    install(site, "good", GOOD)
    registry = Registry.installed()
    assert registry.spec("good.seven").help == "Seven."
    plugin = registry.plugin("good")
    assert (plugin.distribution, plugin.version, plugin.error) == ("dist-good", "1.2", "")


def test_only_plugins_that_a_graph_names_are_imported(site: Path) -> None:
    install(site, "good", GOOD)
    install(site, "other", GOOD)
    graph = parse(json.dumps({"nodes": {"n": {"use": "good.seven"}}, "outputs": {"n": "$n"}}))
    assert check(graph, Registry.installed()).problems == ()
    assert "plug_good" in sys.modules
    assert "plug_other" not in sys.modules


@pytest.mark.parametrize("name", BROKEN)
def test_c91_a_broken_plugin_is_told_and_hurts_only_graphs_that_name_it(site: Path, name: str) -> None:
    code, told = BROKEN[name]
    install(site, name, code)
    install(site, "good", GOOD)
    registry = Registry.installed()
    assert told in registry.plugin(name).error
    assert registry.plugin(name).distribution == f"dist-{name}"
    assert registry.spec("good.seven")
    assert f"{name}.seven" not in registry.specs()
    with pytest.raises(PluginError, match=f"plugin '{name}' \\(dist-{name}\\) cannot be used"):
        registry.spec(f"{name}.seven")


def test_a_plugin_whose_name_cannot_begin_a_nodes_name_is_told(site: Path) -> None:
    install(site, "odd", GOOD, entry="odd.name")
    assert "its name cannot begin the names of nodes" in Registry.installed().plugin("odd.name").error


LOUD = f"""
import os, sys
print("here I am", flush=True)
os.write(1, b"and here\\x1b[2J")
stream = sys.stdout
{GOOD}
"""


def test_what_a_plugin_writes_while_it_is_imported_is_no_data_and_told_as_its_own(
    site: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    install(site, "loud", LOUD)
    assert Registry.installed().spec("loud.seven")
    assert caplog.messages == ["plugin 'loud' (dist-loud) writes to stdout: 'here I am\\nand here\\x1b[2J'"]
    print("later", file=sys.modules["plug_loud"].stream)
    out, error = capfd.readouterr()
    assert out == ""
    assert error.endswith("later\n")


def test_a_plugin_that_is_silent_is_not_told(site: Path, caplog: pytest.LogCaptureFixture) -> None:
    install(site, "good", GOOD)
    assert Registry.installed().spec("good.seven")
    assert caplog.messages == []


def test_ctrl_c_while_a_plugin_is_imported_stops_the_program(site: Path) -> None:
    install(site, "slow", f"import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n{GOOD}")
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        Registry.installed().plugin("slow")
    assert signal.getsignal(signal.SIGINT) is before


CODED = """
from noisegraph.store.codecs import Codec

@ng.hookimpl
def noisegraph_codecs():
    return [Codec(complex, str, complex)]
"""
HOOKS = {
    "raises": ("raise ValueError('no')", "ValueError: no"),
    "exits": ("raise SystemExit(3)", "SystemExit: 3"),
    "gives_one": ("return 3", "returned int; return a list"),
    "gives_another": ("return [3]", "it gives int, no Codec"),
}


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_that_fails_is_told_where_its_plugin_is_asked_for_and_left_out_where_all_are(
    site: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    body, told = HOOKS[name]
    hook = "noisegraph_codecs"
    install(site, "bad", f"{GOOD}\n@ng.hookimpl\ndef {hook}():\n    {body}\n")
    install(site, "good", f"{GOOD}{CODED}")
    registry = Registry.installed()
    with pytest.raises(PluginError) as caught:
        registry.collect(hook, ["bad"])
    assert str(caught.value).startswith(f"{hook} of plugin 'bad' (dist-bad) failed: ")
    assert told in str(caught.value)
    assert complex in [codec.kind for codec in registry.collect(hook)]
    assert caplog.messages == [str(caught.value)]


def test_c92_two_plugins_of_one_name_are_an_error_that_names_both(site: Path) -> None:
    install(site, "one", GOOD, entry="same")
    install(site, "two", GOOD, entry="same")
    with pytest.raises(PluginError, match=r"dist-one \(plug_one\) and dist-two \(plug_two\)"):
        Registry.installed().spec("same.seven")


def test_c93_a_plugin_for_another_noisegraph_is_refused(site: Path) -> None:
    install(site, "old", GOOD, requires="noisegraph<0.0.1")
    install(site, "fits", GOOD, requires="noisegraph>=0.1")
    assert "it needs noisegraph <0.0.1, this is" in Registry.installed().plugin("old").error
    assert Registry.installed().plugin("fits").error == ""


@pytest.mark.parametrize(("wanted", "names"), [("none", set()), ("good", {"good"}), ("good, other", {"good", "other"})])
def test_the_environment_isolates_plugins(
    site: Path, monkeypatch: pytest.MonkeyPatch, wanted: str, names: set[str]
) -> None:
    install(site, "good", GOOD)
    install(site, "other", GOOD)
    monkeypatch.setenv("NOISEGRAPH_PLUGINS", wanted)
    assert set(Registry.installed().names) == names


def test_an_unknown_plugin_or_node_is_told_with_the_nearest_name(site: Path) -> None:
    install(site, "good", GOOD)
    with pytest.raises(PluginError, match=r"no plugin 'goood' .* did you mean 'good'\?"):
        Registry.installed().spec("goood.seven")
    with pytest.raises(PluginError, match=r"no node 'good.sevn'; did you mean 'good.seven'\?"):
        Registry.installed().spec("good.sevn")


def test_built_ins_come_through_the_same_entry_points() -> None:
    group = importlib.metadata.entry_points(group=GROUP)
    ours = {entry.name for entry in group if entry.dist is not None and entry.dist.name == "noisegraph"}
    files = {path.stem for path in (Path(__file__).parents[2] / "nodes").glob("*.py")} - {"__init__"}
    assert ours <= files
    assert {"sampler", "guide", "levels", "model"} <= ours
