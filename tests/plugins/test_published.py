"""The example plugins, installed from their wheels as strangers would: their tests pass, their graphs draw."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from PIL import Image

PLUGINS = Path(__file__).parents[2] / "plugins"
PACKAGES = {"noisegraph-sa-solver": "sa.solver", "noisegraph-cfg-zero": "cfg_zero.star"}
"""Each published package, and the node that it brings."""

pytestmark = pytest.mark.slow


def call(command: list[str], folder: Path) -> str:
    """Run a command in a folder, with caches and settings of its own; its output, which must be a success."""
    private = {"XDG_CACHE_HOME": str(folder / "cache"), "NOISEGRAPH_CACHE": str(folder / "cache")}
    environment = {**os.environ, **private, "OMP_NUM_THREADS": "1"}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new environment that sees what this one has installed, and both plugins from their wheels."""
    folder = tmp_path_factory.mktemp("published")
    wheels = folder / "wheels"
    for name in PACKAGES:
        shutil.copytree(PLUGINS / name, folder / name, ignore=shutil.ignore_patterns("build", "*.egg-info"))
        pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-index", "--no-build-isolation"]
        call([*pip, "-w", str(wheels), str(folder / name)], folder)
    venv.create(folder / "env", system_site_packages=True, symlinks=True, with_pip=False)
    found = folder / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    site = call([str(found), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], folder).strip()
    outer = sysconfig.get_path(
        "purelib"
    )  # system_site_packages passes over an environment that this Python is itself in
    (Path(site) / "outer.pth").write_text(f"import site; site.addsitedir({outer!r})\n")
    install = [sys.executable, "-m", "pip", "--python", str(found), "install", "-q", "--no-deps", "--no-index"]
    call([*install, *map(str, sorted(wheels.glob("*.whl")))], folder)
    return found


def noisegraph(python: Path, *arguments: str, folder: Path) -> str:
    return call([str(python), "-m", "noisegraph", *arguments], folder)


@pytest.mark.parametrize("name", PACKAGES)
def test_its_tests_pass_as_shipped(name: str, python: Path, tmp_path: Path) -> None:
    shutil.copytree(PLUGINS / name / "tests", tmp_path / "tests")
    told = call([str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"], tmp_path)
    assert " passed" in told
    assert "failed" not in told


@pytest.mark.parametrize("name", PACKAGES)
def test_its_node_is_listed_with_its_help(name: str, python: Path, tmp_path: Path) -> None:
    told = noisegraph(python, "nodes", PACKAGES[name], folder=tmp_path)
    assert PACKAGES[name] in told
    assert "et al. 20" in told


@pytest.mark.parametrize("name", PACKAGES)
def test_its_example_graph_draws_by_the_command_line(name: str, python: Path, tmp_path: Path) -> None:
    (graph,) = (PLUGINS / name / "graphs").glob("*.json")
    shutil.copy(graph, tmp_path / graph.name)
    noisegraph(python, "check", graph.name, folder=tmp_path)
    written = noisegraph(python, "run", graph.name, "steps=8", "--out", str(tmp_path / "out"), folder=tmp_path)
    picture = Image.open(written.strip().splitlines()[0])
    assert picture.size == (192, 192)
    shades = picture.convert("L").tobytes()
    assert max(shades) - min(shades) > 100
