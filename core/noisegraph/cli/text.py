"""Text for terminals and pipes: columns, colours where they are wanted, and nothing that would steer a terminal."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Sequence

import click

from ..errors import Problem

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """The text with control characters shown instead of sent: graphs and their errors may come from strangers."""
    return _CONTROL.sub(lambda match: ascii(match[0])[1:-1], text.replace("\r\n", "\n"))


def say(text: str = "") -> None:
    """A line of narration, on stderr."""
    click.echo(printable(text), err=True)


def give(text: str) -> None:
    """A line of data, on stdout, as it is in a pipe and printable on a terminal."""
    click.echo(printable(text) if sys.stdout.isatty() else text)


def coloured(text: str, colour: str) -> str:
    """The text in a colour, where stderr is a terminal and NO_COLOR is not set."""
    plain = not sys.stderr.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return printable(text) if plain else click.style(printable(text), fg=colour, bold=True)


def complain(problems: Iterable[Problem]) -> None:
    """All that is wrong, a line each, and how much it is where it is more than one."""
    told = list(problems)
    for problem in told:
        click.echo(f"{coloured('error:', 'red')} {printable(str(problem))}", err=True)
    if len(told) > 1:
        say(f"{len(told)} problems")


def warn(problems: Iterable[Problem]) -> None:
    """What is no error, and yet hardly meant, a line each."""
    for problem in problems:
        click.echo(f"{coloured('warning:', 'yellow')} {printable(str(problem))}", err=True)


def columns(rows: Sequence[Sequence[str]], indent: str = "") -> str:
    """Rows as columns of one width, the last as wide as it is."""
    if not rows:
        return ""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(f"{indent}{line}" for line in lines)
