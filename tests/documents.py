"""The documents as tests see them: their fenced blocks, and the tables that are made from the code."""

from __future__ import annotations

import importlib.metadata
import inspect
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from noisegraph import hookspecs, testing
from noisegraph.cli.main import COMMANDS
from noisegraph.registry import Registry
from noisegraph.tui.commands.table import COMMANDS as KEYS

from . import sampler_table
from .source_tree import ROOT

DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_FENCED = re.compile(r"^```(\w+)(?: ([^\n]+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_TABLE = re.compile(r"<!-- (?!end )(\w+) -->\n.*?<!-- end -->", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file that it is (if it says so), its text, and the document's line."""

    language: str
    file: str
    text: str
    line: int


def blocks(text: str) -> list[Block]:
    """Every fenced block of a document."""
    return [
        Block(found[1], found[2] or "", found[3], text.count("\n", 0, found.start()) + 1)
        for found in _FENCED.finditer(text)
    ]


def start_commands() -> tuple[str, str]:
    """README's two commands: that which draws a first picture, and that which passes the tests."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    first, second = (block.text.strip() for block in blocks(readme) if block.language == "bash")
    return first, second


def written(text: str) -> str:
    """A document with its tables, and the files of the tree that it shows, as they are now."""
    told = _TABLE.sub(lambda found: f"<!-- {found[1]} -->\n\n{TABLES[found[1]]()}\n<!-- end -->", text)
    return _FENCED.sub(lambda found: f"```{found[1]} {found[2]}\n{_shown(found)}```" if found[2] else found[0], told)


def _shown(found: re.Match[str]) -> str:
    file = ROOT / found[2]
    return file.read_text(encoding="utf-8") if file.is_file() else found[3]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _commands() -> str:
    return _table(("command", "what it does"), ((f"`noisegraph {name}`", told) for name, told in COMMANDS.items()))


def _hooks() -> str:
    found = [(name, hook) for name, hook in vars(hookspecs).items() if name.startswith("noisegraph_")]
    return _table(("hook", "gives"), ((f"`{name}()`", _first_sentence(hook)) for name, hook in found))


def _contracts() -> str:
    found = [(name, getattr(testing, name)) for name in testing.__all__]
    return _table(("`noisegraph.testing`", "what it is"), ((f"`{name}`", _first_sentence(one)) for name, one in found))


def _nodes() -> str:
    own = importlib.metadata.metadata("noisegraph")["Name"]
    parts = []
    for plugin in Registry.installed().plugins():
        if plugin.distribution == own:
            rows = ((f"`{spec.full_name}`", spec.help) for spec in plugin.nodes.values())
            parts.append(f"## {plugin.name}\n\n{_table(('node', 'what it does'), rows)}")
    return "\n".join(parts)


def _samplers() -> str:
    return _table(sampler_table.HEAD, sampler_table.rows())


def _keys() -> str:
    rows = ((_pressed(one.keys), f"`{name}`", one.help) for name, one in KEYS.items())
    return _table(("keys", "id", "what it does"), rows)


def _pressed(keys: str) -> str:
    """Keys as one reads them: `ctrl+p`, `?`."""
    signs = {"question_mark": "?", "equals_sign": "=", "asterisk": "*"}
    return " ".join(f"`{signs.get(key, key)}`" for key in keys.split(",") if key)


def _first_sentence(thing: object) -> str:
    return (inspect.getdoc(thing) or "").split(". ", 1)[0].split(".\n", 1)[0].rstrip(".") + "."


TABLES = {
    "commands": _commands,
    "hooks": _hooks,
    "contracts": _contracts,
    "nodes": _nodes,
    "samplers": _samplers,
    "keys": _keys,
}
"""What stands between `<!-- NAME -->` and `<!-- end -->`."""


def source(document: Path) -> str:
    """A document's text."""
    return document.read_text(encoding="utf-8")
