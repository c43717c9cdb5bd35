"""The source tree as tests see it: every module's name, its syntax tree, and what it imports when."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def project(folder: Path = ROOT) -> dict[str, Any]:
    """What pyproject.toml says of the package in a folder."""
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Import:
    """`from module import name`, or `import module` where the name is empty; relative ones are made absolute."""

    module: str
    name: str
    alias: str
    line: int
    relative: bool
    deferred: bool
    for_types: bool


@dataclass(frozen=True)
class Module:
    """A Python file under the name that it is imported by."""

    name: str
    path: Path

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text(encoding="utf-8"), str(self.path))

    @property
    def shown(self) -> str:
        return str(self.path.relative_to(ROOT))

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        return tuple(self._walk(self.tree, deferred=False, for_types=False))

    def _walk(self, node: ast.AST, deferred: bool, for_types: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for one in child.names:
                    yield Import(one.name, "", one.asname or "", child.lineno, False, deferred, for_types)
            elif isinstance(child, ast.ImportFrom):
                source = self._absolute(child)
                for one in child.names:
                    told = bool(child.level), deferred, for_types
                    yield Import(source, one.name, one.asname or "", child.lineno, *told)
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            typed = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
            yield from self._walk(child, deferred or inside, for_types or typed)

    def _absolute(self, found: ast.ImportFrom) -> str:
        if not found.level:
            return found.module or ""
        package = self.name.split(".") if self.path.name == "__init__.py" else self.name.split(".")[:-1]
        above = package[: len(package) - found.level + 1]
        return ".".join([*above, *(found.module or "").split(".")]).rstrip(".")


def modules(folder: Path, package: str) -> list[Module]:
    """Every module below a folder that is installed as that package."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        inner = parts[:-1] if parts[-1] == "__init__" else parts
        found.append(Module(".".join((package, *inner)), path))
    return found


CORE = modules(ROOT / "core" / "noisegraph", "noisegraph")
NODES = modules(ROOT / "nodes", "noisegraph.nodes")
PLUGINS = {
    folder.parent.name: modules(package, package.name)
    for folder in sorted(ROOT.glob("plugins/*/pyproject.toml"))
    for package in sorted(folder.parent.glob("noisegraph_*"))
    if (package / "__init__.py").exists()
}
"""A plugin's folder -> its modules."""
SHIPPED = [*CORE, *NODES, *(module for inside in PLUGINS.values() for module in inside)]
