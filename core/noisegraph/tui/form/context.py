"""What forms are made from, gathered from all that is known: the graph, its last run, the worker's problems."""

from __future__ import annotations

import json
from functools import lru_cache

from ..author.graphs import with_graphs
from ..outline import Outline, outline
from ..state.store import Store
from .fields import Context


def form_context(store: Store) -> Context:
    """What forms are made from, of all that the store knows."""
    problems: dict[tuple[str, str], str] = {}
    for problem in store.plan.problems:
        parts = str(problem.get("path") or "").partition(" ")[0].split(".")
        told = "; ".join(str(problem[key]) for key in ("what", "hint") if problem.get(key))
        if parts[0] == "nodes" and len(parts) > 2:
            problems.setdefault((parts[1], parts[2]), told)
        elif parts[0] == "inputs" and len(parts) > 1:
            problems.setdefault(("", parts[1]), told)
    graph = store.document.outline
    return Context(graph, with_graphs(store.catalog, graph, store.document.path.parent), _ran(store), problems)


def _ran(store: Store) -> Outline | None:
    """The graph of the last run."""
    asked = store.asked.get(store.run.id, {}) if store.run is not None else {}
    text = asked.get("graph")
    return _outline(text) if isinstance(text, str) else None


@lru_cache(maxsize=4)
def _outline(text: str) -> Outline | None:
    try:
        return outline(json.loads(text.removeprefix("\ufeff")))
    except (ValueError, RecursionError):
        return None
