"""What a source file does, apart from how it is written: the digest of its syntax tree, and what it imports."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

Import: TypeAlias = tuple[int, str, list[str]]
"""Level (dots before the name), module, and the names taken from it."""


def digest_and_imports(file: Path) -> tuple[str, list[Import]]:
    """The digest of the file's syntax tree without docstrings, and its imports, at the top and inside functions.

    A file that is not Python source gives the digest of its bytes, and no imports.
    """
    content = file.read_bytes()
    try:
        tree = ast.parse(content)
        imports = list(_imports(tree))
        _strip_docstrings(tree)
        content = ast.dump(tree).encode("utf-8", "surrogatepass")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        imports = []
    return hashlib.blake2b(content, digest_size=16).hexdigest(), imports


def _imports(tree: ast.Module) -> Iterator[Import]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or "", [alias.name for alias in node.names if alias.name != "*"]


def _strip_docstrings(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and node.body:
            first = node.body[0].value if isinstance(node.body[0], ast.Expr) else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                node.body = node.body[1:]
