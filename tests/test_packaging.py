"""What is installed is what is in the tree: the list of packages, the wheel, the sdist, and a run of what was built."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from .source_tree import ROOT, project

SHIPPED = {"noisegraph": "core/noisegraph", "noisegraph/nodes": "nodes", "noisegraph/graphs": "graphs"}
"""Where it is installed -> where it lies in the tree."""
DATA = {".json", ".safetensors", ".in", ".typed", ".txt", ".tcss"}


def installed(path: Path) -> str:
    """The name under which a file of the tree is installed."""
    for target, source in sorted(SHIPPED.items(), key=lambda pair: -len(pair[1])):
        if path.is_relative_to(ROOT / source):
            return f"{target}/{path.relative_to(ROOT / source).as_posix()}"
    raise AssertionError(f"{path} is no part of the package")


def files_of_the_tree() -> set[str]:
    """All that is to be installed, as it is named there."""
    files = (path for source in SHIPPED.values() for path in (ROOT / source).rglob("*") if path.is_file())
    return {installed(path) for path in files if path.suffix == ".py" or path.suffix in DATA}


def run(*command: str | Path, folder: Path) -> str:
    """What a program writes to stdout; it must succeed."""
    quiet = {name: value for name, value in os.environ.items() if not name.startswith(("NOISEGRAPH_", "PYTHON"))}
    told = quiet | {"NOISEGRAPH_CACHE": str(folder / "cache"), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(command, cwd=folder, env=told, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a wheel, made from an sdist, which was made from a copy of the tree."""
    folder = tmp_path_factory.mktemp("built")
    kept = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "out")
    shutil.copytree(ROOT, folder / "tree", ignore=kept)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist", folder / "tree", folder=folder)
    return folder / "dist"


def test_the_list_of_packages_is_the_list_of_folders_with_code() -> None:
    folders = {Path(name).parent.as_posix().replace("/", ".") for name in files_of_the_tree() if name.endswith(".py")}
    assert sorted(project()["tool"]["setuptools"]["packages"]) == sorted(folders)


def test_every_folder_with_code_can_be_imported_as_a_package() -> None:
    code = {path.parent for source in SHIPPED.values() for path in (ROOT / source).rglob("*.py")}
    assert [str(folder) for folder in sorted(code) if not (folder / "__init__.py").exists()] == []


@pytest.mark.slow
@pytest.mark.xdist_group("packaging")
def test_the_wheel_holds_the_files_of_the_tree(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in names if ".dist-info/" not in name} == files_of_the_tree()
    assert [name for name in names if name.endswith(".dist-info/licenses/LICENSE")]


@pytest.mark.slow
@pytest.mark.xdist_group("packaging")
def test_the_sdist_holds_them_too_with_the_tests_and_what_is_to_be_read(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as opened:
        names = {member.name.partition("/")[2] for member in opened.getmembers() if member.isfile()}
    sources = {
        path.relative_to(ROOT).as_posix()
        for source in SHIPPED.values()
        for path in (ROOT / source).rglob("*")
        if path.is_file() and (path.suffix == ".py" or path.suffix in DATA)
    }
    assert sources - names == set()
    assert {"README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "tests/test_packaging.py"} - names == set()
    assert [name for name in names if "__pycache__" in name or name.endswith(".pyc")] == []


@pytest.mark.slow
@pytest.mark.xdist_group("packaging")
def test_an_installed_wheel_draws_a_digit_far_from_the_tree(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    run(sys.executable, "-m", "venv", "--system-site-packages", tmp_path / "venv", folder=tmp_path)
    programs = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    _see_the_libraries_of_this_python(programs / "python", tmp_path)
    run(programs / "python", "-m", "pip", "install", "-q", "--no-deps", "--ignore-installed", wheel, folder=tmp_path)
    home = run(programs / "python", "-c", "import noisegraph; print(noisegraph.__file__)", folder=tmp_path)
    assert home.startswith(str(tmp_path / "venv"))
    drawn = run(programs / "noisegraph", "run", "digit", "digit=7", "steps=5", "--quiet", folder=tmp_path).split()
    assert drawn == ["digit-0001.png"]
    assert (tmp_path / drawn[0]).read_bytes().startswith(b"\x89PNG")
    listed = run(programs / "noisegraph", "plugins", folder=tmp_path)
    assert re.search(r"^sampler +noisegraph +\d", listed, re.MULTILINE)


def _see_the_libraries_of_this_python(python: Path, folder: Path) -> None:
    """A virtual environment made from one sees the libraries of neither: name this one's to it, behind its own."""
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    theirs, ours = (run(one, "-c", asked, folder=folder).strip() for one in (python, sys.executable))
    Path(theirs, "libraries.pth").write_text(f"{ours}\n", encoding="utf-8")
