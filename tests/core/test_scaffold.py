"""A new plugin package installs, passes its tests as written, and its example graph is right."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from noisegraph import scaffold as module
from noisegraph.errors import NoisegraphError
from noisegraph.scaffold import KINDS, scaffold

CHECK = """
import sys
from pathlib import Path
from jsonschema import Draft202012Validator
from noisegraph.check import check, require
from noisegraph.graph import library, load
from noisegraph.registry import Registry
from noisegraph.schema import schema

use, file = sys.argv[1], Path(sys.argv[2])
registry, graph = Registry.installed(), load(file)
assert registry.spec(use).full_name == use
require(check(graph, registry))
whole = schema(registry.specs(), {name: load(path).inputs for name, path in library().items()})
errors = [f"{error.json_path}: {error.message}" for error in Draft202012Validator(whole).iter_errors(graph.data)]
assert not errors, errors
"""


def call(command: list[str], folder: Path, path: Path) -> str:
    """Run a command of this Python in a folder, with `path` before all else; its output, which must be a success."""
    paths = os.pathsep.join([str(path), *filter(None, sys.path)])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_new_package_installs_and_passes_its_tests_and_its_graph_is_right(kind: str, tmp_path: Path) -> None:
    folder = scaffold(kind, "my-drift", tmp_path)
    assert folder == tmp_path / "noisegraph-my-drift"
    site = tmp_path / "site"
    install = ["-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(site)]
    call([*install, str(folder)], tmp_path, site)
    told = call(["-m", "pytest", "-q", "-p", "no:cacheprovider"], folder, site)
    assert " passed" in told
    assert "failed" not in told
    call(["-c", CHECK, f"my_drift.{kind}", "graphs/my_drift.json"], folder, site)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_package_holds_one_short_module_and_a_contract_in_three_lines(kind: str, tmp_path: Path) -> None:
    folder = scaffold(kind, "drift", tmp_path)
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert files == ["README.md", "graphs/drift.json", "noisegraph_drift.py", "pyproject.toml", "tests/test_drift.py"]
    assert all("{{" not in (folder / name).read_text() for name in files)
    assert len((folder / "noisegraph_drift.py").read_text().splitlines()) < 40
    test = (folder / "tests/test_drift.py").read_text()
    assert len(test[test.index("class ") :].splitlines()) <= 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_package_is_clean_to_the_linter(kind: str, tmp_path: Path) -> None:
    folder = scaffold(kind, "drift", tmp_path)
    options = ["--isolated", "--no-cache", "--line-length", "120"]
    call(["-m", "ruff", "check", *options, "--select", "E,F,I,UP,B,SIM,RET", "."], folder, folder)
    call(["-m", "ruff", "format", *options, "--check", "."], folder, folder)


@pytest.mark.parametrize("name", ["drift", "noisegraph-drift", "noisegraph_drift"])
def test_the_prefix_of_a_distribution_is_not_doubled(name: str, tmp_path: Path) -> None:
    assert scaffold("node", name, tmp_path) == tmp_path / "noisegraph-drift"


@pytest.mark.parametrize(
    "name",
    ["", "A", "1st", "a b", "a.b", "../a", "/tmp/a", "-a", "a-", "a--b", "größe", "a\n", "x" * 41, "noisegraph-"],
)
def test_a_name_that_cannot_be_one_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(NoisegraphError, match="cannot be a plugin's name; take small letters"):
        scaffold("sampler", name, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_the_name_of_an_installed_plugin_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoisegraphError, match="'guide' is installed already"):
        scaffold("guidance", "guide", tmp_path)


def test_a_kind_that_is_none_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(NoisegraphError, match="did you mean 'sampler'"):
        scaffold("samplr", "drift", tmp_path)
    with pytest.raises(NoisegraphError, match="there are sampler, guidance, node"):
        scaffold("x", "drift", tmp_path)


def test_a_folder_that_exists_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "noisegraph-drift").mkdir()
    with pytest.raises(NoisegraphError, match="exists already"):
        scaffold("node", "drift", tmp_path)
    (tmp_path / "noisegraph-gone").symlink_to(tmp_path / "nowhere")
    with pytest.raises(NoisegraphError, match="exists already"):
        scaffold("node", "gone", tmp_path)
    assert list((tmp_path / "noisegraph-drift").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NoisegraphError, match="cannot write"):
        scaffold("node", "drift", tmp_path / "file")
    monkeypatch.setattr(module, "_TEMPLATES", tmp_path / "absent")
    with pytest.raises(NoisegraphError, match="cannot write"):
        scaffold("node", "drift", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]
