"""A fingerprint changes when what the code does may change, and with nothing else."""

from __future__ import annotations

import importlib
import os
import py_compile
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from noisegraph.reading import fingerprint as module
from noisegraph.reading import memo, syntax
from noisegraph.reading.fingerprint import fingerprint

Write = Callable[[str, str], None]
TREE = {
    "acme_plugin/__init__.py": '"""The package."""\n',
    "acme_plugin/sampler.py": """
        '''A sampler.'''
        import noisegraph as ng
        from . import slopes
        from .deep.maths import half as h

        def step(x):
            '''One step.'''
            from .lazy import late
            return h(x) + late(slopes.slope(x))
    """,
    "acme_plugin/slopes.py": "def slope(x):\n    return -x\n",
    "acme_plugin/lazy.py": "def late(x):\n    return x\n",
    "acme_plugin/deep/__init__.py": "",
    "acme_plugin/deep/maths.py": "from ..roots import two\n\ndef half(x):\n    return x / two\n",
    "acme_plugin/roots.py": "import acme_plugin.leaves\ntwo = 2\n",
    "acme_plugin/leaves.py": "leaf = 1\n",
    "acme_plugin/unused.py": "unused = 1\n",
    "acme_plugin/plain.py": "import math\n\ndef double(x):\n    return 2 * x\n",
}


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes into a source tree that stands first on the path; the cache folder is a fresh one."""

    def write(name: str, text: str) -> None:
        file = tmp_path / "tree" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
        importlib.invalidate_caches()

    for name, text in TREE.items():
        write(name, text)
    monkeypatch.syspath_prepend(tmp_path / "tree")
    monkeypatch.setenv("NOISEGRAPH_CACHE", str(tmp_path / "cache"))
    return write


def of(name: str) -> bytes:
    return fingerprint(f"acme_plugin.{name}", "acme-plugin")


def test_comments_formatting_and_docstrings_do_not_count(write: Write) -> None:
    before = of("sampler")
    write("acme_plugin/slopes.py", "# why\ndef slope( x ):\n    'The slope.'\n    return (-x)  # minus\n")
    write("acme_plugin/__init__.py", "")
    assert of("sampler") == before


@pytest.mark.parametrize(
    "name", ["sampler", "slopes", "lazy", "deep/maths", "deep/__init__", "roots", "leaves", "__init__"]
)
def test_code_of_the_module_and_of_all_it_imports_counts(write: Write, name: str) -> None:
    before = of("sampler")
    write(f"acme_plugin/{name}.py", textwrap.dedent(TREE[f"acme_plugin/{name}.py"]) + "\nextra = 1\n")
    assert of("sampler") != before


def test_modules_that_it_does_not_import_do_not_count(write: Write) -> None:
    before = of("sampler"), of("plain")
    write("acme_plugin/unused.py", "unused = 2\n")
    assert (of("sampler"), of("plain")) == before
    write("acme_plugin/slopes.py", "def slope(x):\n    return x\n")
    assert of("sampler") != before[0]
    assert of("plain") == before[1]


def test_only_modules_that_import_noisegraph_rest_on_its_contract(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = of("sampler"), of("plain")
    (tmp_path / "diffusion/processes").mkdir(parents=True)
    (tmp_path / "diffusion/processes/vp.py").write_text("beta = 1\n")
    monkeypatch.setattr(module, "CONTRACT", tmp_path / "diffusion")
    changed = of("sampler"), of("plain")
    assert changed[0] != before[0]
    assert changed[1] == before[1]
    (tmp_path / "diffusion/processes/vp.py").write_text("beta = 2\n")
    module._contract.cache_clear()
    assert of("sampler") != changed[0]


def test_a_built_in_rests_on_its_own_folder_and_on_the_contract_alone() -> None:
    walk = module._Walk(
        "noisegraph.nodes.latent",
        module._territory("noisegraph.nodes.latent", "noisegraph"),
        memo.Memo(Path("/absent")),
    )
    names = dict(walk.follow())
    assert set(names) >= {"noisegraph.nodes", "noisegraph.nodes.latent"}
    assert all(name.startswith("noisegraph.nodes") for name in names)
    assert walk.meets_framework


def test_nothing_is_imported(write: Write) -> None:
    code = """
        import sys
        from noisegraph.reading.fingerprint import fingerprint
        fingerprint("acme_plugin.sampler", "acme-plugin")
        assert not [name for name in sys.modules if name.startswith(("acme_plugin", "torch"))]
    """
    path = {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, env={**os.environ, **path})


def test_the_distributions_version_counts(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    before = of("sampler")
    monkeypatch.setattr(module, "_version", lambda distribution: "2.0")
    assert of("sampler") != before


def test_the_folder_in_which_it_lies_does_not_count(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = of("sampler")
    (tmp_path / "tree").rename(tmp_path / "moved")
    monkeypatch.syspath_prepend(tmp_path / "moved")
    assert of("sampler") == before


def test_a_module_without_source_counts_by_its_bytes(write: Write, tmp_path: Path) -> None:
    source = tmp_path / "tree/acme_plugin/slopes.py"
    compiled = str(source.with_suffix(".pyc"))
    py_compile.compile(str(source), compiled)
    source.unlink()
    before = of("sampler")
    assert of("sampler") == before
    source.write_text("def slope(x):\n    return 2 * x\n")
    py_compile.compile(str(source), compiled)
    source.unlink()
    assert of("sampler") != before


def test_two_modules_that_import_each_other_are_followed_once(write: Write) -> None:
    write("acme_plugin/slopes.py", "from . import sampler\n")
    assert of("sampler") == of("sampler")


def test_source_that_does_not_parse_still_has_a_fingerprint(write: Write) -> None:
    write("acme_plugin/slopes.py", "def slope(:\n")
    before = of("sampler")
    write("acme_plugin/slopes.py", "def slope(::\n")
    assert of("sampler") != before


def test_an_absent_module_is_told(write: Write) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"acme_plugin\.absent"):
        of("absent")


def test_a_namespace_package_is_followed(write: Write) -> None:
    write("acme_space/part/one.py", "from acme_space.part import two\n")
    write("acme_space/part/two.py", "x = 1\n")
    before = fingerprint("acme_space.part.one", "acme-space")
    write("acme_space/part/two.py", "x = 2\n")
    assert fingerprint("acme_space.part.one", "acme-space") != before


def test_a_change_is_seen_also_when_it_was_remembered(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo, "SETTLED_SECONDS", 0)
    before = of("sampler")
    assert of("sampler") == before
    write("acme_plugin/roots.py", "import acme_plugin.leaves\ntwo = 3\n")
    assert of("sampler") != before


def test_modules_that_are_remembered_are_not_parsed_again(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo, "SETTLED_SECONDS", 0)
    names = [f"node{index}" for index in range(12)]
    for name in names:
        write(f"acme_plugin/{name}.py", TREE["acme_plugin/sampler.py"])
    parsed: list[Path] = []
    parse = syntax.digest_and_imports

    def watched(file: Path) -> tuple[str, list[syntax.Import]]:
        parsed.append(file)
        return parse(file)

    monkeypatch.setattr(syntax, "digest_and_imports", watched)
    cold = [of(name) for name in names]
    assert len(parsed) == len(set(parsed)) >= len(names)
    parsed.clear()
    module._memo.cache_clear()
    assert [of(name) for name in names] == cold
    assert parsed == []
