"""Which results are meant by what one types: words, `!words`, `-f letters`, `name:value`, and a star."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from ..graph.finding import in_order
from ..graph.words import short
from .result import Result

STARS = ("★", "*", "is:star")


def filtered(results: Iterable[Result], text: str) -> list[Result]:
    """The results that fit every term: a word stands anywhere, `seed:12*` in the parameter of that name."""
    terms = list(_terms(text))
    return [one for one in results if all(_fits(one, kind, term) for kind, term in terms)]


def _terms(text: str) -> Iterator[tuple[str, str]]:
    try:
        words = shlex.split(text.casefold())
    except ValueError:  # a quote that is not closed yet
        words = text.casefold().replace('"', "").replace("'", "").split()
    fuzzy = False
    for word in words:
        if word == "-f":
            fuzzy = True
        elif word in STARS:
            yield "star", ""
        elif word.startswith("!") and len(word) > 1:
            yield "not", word[1:]
        else:
            yield ("fuzzy" if fuzzy else "key" if ":" in word.strip(":") else "word"), word.removeprefix("/")
            fuzzy = False


def _fits(result: Result, kind: str, term: str) -> bool:
    match kind:
        case "star":
            return result.starred
        case "not":
            return not _fits(result, "key" if ":" in term.strip(":") else "word", term)
        case "fuzzy":
            return any(in_order(term, told) for told in values(result).values())
        case "key":
            return _keyed(result, *term.split(":", 1))
    return term in _text(result)


def _keyed(result: Result, name: str, value: str) -> bool:
    found = [told for key, told in values(result).items() if key == name or key.endswith(f".{name}")]
    pattern = value if "*" in value or "?" in value else f"{value}*" if not value.replace(".", "").isdigit() else value
    return any(fnmatchcase(told, pattern) for told in found)


def values(result: Result) -> Mapping[str, str]:
    """Everything about a result that has a name: what it is, its inputs, the parameters of its nodes, their types."""
    graph = result.drawn
    told: dict[str, Any] = {
        "graph": result.name, "status": result.status, "run": result.run, "number": result.number,
        "output": result.output, "file": result.file, "error": result.message, **graph.inputs,
    }  # fmt: skip
    for item in graph.items.values():
        told[item.name] = item.use
        told.update({f"{item.name}.{port}": value for port, value in item.values.items()})
    return {name.casefold(): short(value, 1000).casefold() for name, value in told.items()}


def _text(result: Result) -> str:
    return f"#{result.number} " + " ".join(values(result).values())
