"""What becomes of a seed after a run was asked for: it stays, counts up or down, or is drawn anew."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias, get_args

from ...errors import GraphError
from ..document.document import Document
from ..document.edits import set_input, set_value
from ..document.references import plain

Policy: TypeAlias = Literal["fixed", "increment", "decrement", "random"]
POLICIES: tuple[Policy, ...] = get_args(Policy)
LARGEST = 2**31 - 1
"""Of those that are drawn; larger ones are hard to tell apart."""


def as_policy(text: str) -> Policy:
    """The policy of this name; a fixed seed for a name that is none."""
    return next((policy for policy in POLICIES if policy == text), "fixed")


def after(policy: str) -> Policy:
    """The next policy."""
    return POLICIES[(POLICIES.index(as_policy(policy)) + 1) % len(POLICIES)]


def next_seed(seed: int, policy: str, draw: Callable[[int], int] = secrets.randbelow) -> int:
    """The seed of the next run."""
    if policy == "random":
        return draw(LARGEST)
    step = {"increment": 1, "decrement": -1}.get(policy, 0)
    return max(seed + step, 0)


def advanced(document: Document, policies: Mapping[tuple[str, str], str]) -> Document:
    """The document with the seeds of the next run; those that are not plain numbers stay."""
    for (node, port), policy in policies.items():
        try:
            held = document.data["nodes"][node].get(port, 0) if node else document.data["inputs"][port]
        except (KeyError, GraphError):
            continue
        seed = plain(held)
        if type(seed) is not int or policy == "fixed":
            continue
        wanted = next_seed(seed, policy)
        document = set_value(document, node, port, wanted) if node else set_input(document, port, wanted)
    return document
