"""A new plugin package, written from templates: it installs, and its tests pass as written."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
from pathlib import Path

from .errors import NoisegraphError, did_you_mean
from .registry import Registry

KINDS = ("sampler", "guidance", "node")
_TEMPLATES = Path(__file__).parent / "templates"
_NAME = re.compile(r"[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*")
_LONGEST = 40
_FILES = {
    "package/pyproject.toml.in": "pyproject.toml",
    "package/README.md.in": "README.md",
    "{{kind}}/module.py.in": "{{package}}.py",
    "{{kind}}/test.py.in": "tests/test_{{plugin}}.py",
    "{{kind}}/graph.json.in": "graphs/{{plugin}}.json",
}
"""Template -> file of the package."""


def scaffold(kind: str, name: str, within: Path) -> Path:
    """Write the package `noisegraph-NAME` (a sampler, guidance or node) into a new folder of `within`; its path.

    Raises NoisegraphError for a name that cannot be one or that an installed plugin has, and for a folder that exists.
    """
    if kind not in KINDS:
        hint = did_you_mean(kind, KINDS) or f"there are {', '.join(KINDS)}"
        raise NoisegraphError(f"cannot write a new '{kind[:80]}'; {hint}")
    words = _words(kind, name)
    folder = within / words["distribution"]
    if folder.exists() or folder.is_symlink():
        raise NoisegraphError(f"{folder} exists already; choose another name, or remove it")
    try:
        _write(folder, words)
    except OSError as error:
        raise NoisegraphError(f"cannot write {folder}: {error.strerror or error}") from error
    return folder


def _words(kind: str, name: str) -> dict[str, str]:
    """What the templates' placeholders stand for."""
    short = name.removeprefix("noisegraph-").removeprefix("noisegraph_")
    if not _NAME.fullmatch(short) or len(short) > _LONGEST:
        hint = f"take small letters, digits and '-', at most {_LONGEST}, beginning with a letter, like 'my-{kind}'"
        raise NoisegraphError(f"'{name[:80]}' cannot be a plugin's name; {hint}")
    plugin = short.replace("-", "_")
    if plugin in Registry.installed().names:
        raise NoisegraphError(f"a plugin '{plugin}' is installed already; choose another name")
    version = ".".join(importlib.metadata.version("noisegraph").split(".")[:2])
    distribution = f"noisegraph-{plugin.replace('_', '-')}"
    package = f"noisegraph_{plugin}"
    return {"kind": kind, "plugin": plugin, "package": package, "distribution": distribution, "version": version}


def _write(folder: Path, words: dict[str, str]) -> None:
    """Write the whole package, or leave nothing."""
    folder.mkdir(parents=True)
    try:
        for template, target in _FILES.items():
            file = folder / _filled(target, words)
            file.parent.mkdir(exist_ok=True)
            text = (_TEMPLATES / _filled(template, words)).read_text(encoding="utf-8")
            file.write_text(_filled(text, words), encoding="utf-8")
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _filled(text: str, words: dict[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda match: words[match[1]], text)
