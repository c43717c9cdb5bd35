"""What A1111's web interface, and all that write as it does, say in pictures of how these were made."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_SETTING = re.compile(r'\s*([\w][\w \-/]*?):\s*("(?:\\.|[^\\"])*"|[^,]*)(?:,|$)')
"""One `name: value` of the last line; a value with commas stands in quotes."""
_FEWEST = 3
"""From how many settings on a line is the line of settings, not the prompt's last."""
_AVOIDED = re.compile(r"^[ \t]*Negative prompt:", re.MULTILINE)
"""What begins the line from which on the negative prompt stands; within a line it is the prompt's own."""
_FIRST = ("Steps", "Sampler", "Schedule type", "CFG scale", "Seed", "Size", "Model", "Model hash")


def read(text: str) -> Mapping[str, Mapping[str, str]] | None:
    """Words and settings as sections of rows; None where the text has none of them."""
    *lines, last = text.strip().split("\n")
    settings = {name.strip(): _unquoted(value) for name, value in _SETTING.findall(last)}
    if len(settings) < _FEWEST:
        lines, settings = [*lines, last], {}
    wanted, *avoided = _AVOIDED.split("\n".join(lines), maxsplit=1)
    if not settings and not avoided:
        return None
    words = {"prompt": wanted.strip(), "negative": "".join(avoided).strip()}
    rows = {name.lower(): settings[name] for name in _FIRST if name in settings}
    others = {name.lower(): value for name, value in settings.items() if name not in _FIRST}
    return {"words": {name: value for name, value in words.items() if value}, "settings": rows, "more": others}


def _unquoted(value: str) -> str:
    value = value.strip()
    if value[:1] != '"':
        return value
    try:
        return str(json.loads(value))
    except ValueError:
        return value.strip('"')
