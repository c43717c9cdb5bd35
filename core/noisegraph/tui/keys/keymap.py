"""The user's own keys and settings: `keys.json`, an object of command ids and the keys that they are to have."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import did_you_mean


@dataclass(frozen=True)
class Keymap:
    """Id -> keys, and what is wrong with the file."""

    keys: dict[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def read_keymap(path: Path, known: Collection[str]) -> Keymap:
    """The keys in the file; a file that is not there gives none, a wrong one tells what is wrong and keeps the rest."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Keymap()
    except (OSError, ValueError) as error:
        return Keymap(problems=(f"{path}: {error}",))
    if not isinstance(told, dict):
        return Keymap(problems=(f'{path}: wants an object, {{"run.start": "r,f5"}}',))
    keys, problems = {}, []
    for name, value in told.items():
        if name not in known:
            hint = did_you_mean(name, known)
            problems.append(f"{path}: no command '{name}'{f'; {hint}' if hint else ''}")
        elif not isinstance(value, str):
            problems.append(f"{path}: '{name}' wants its keys as a text, as in \"r,f5\"")
        else:
            keys[name] = value.replace(" ", "")
    return Keymap(keys, tuple(problems))
