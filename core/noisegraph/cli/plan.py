"""`noisegraph plan`: what a run would do with each node, and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from ..check import missing
from ..explain import Explained, explain
from ..facts import memory
from ..history import recall
from ..plan import Plan
from ..quantities import duration
from ..request import afresh
from ..serving.protocol import estimate, explained
from .call import cache_for, called, folder_of, on_graph, sorted_out, with_cache
from .text import give, say, warn


@click.command("plan")
@on_graph
@with_cache
@click.option("--json", "as_json", is_flag=True, help="Tell it as JSON.")
def command(
    graph: str | None,
    values: tuple[str, ...],
    fresh: tuple[str, ...],
    memory: int | None,
    disk: int | None,
    as_json: bool,
    **asked: Any,
) -> int:
    """Tell what a run would do with each node, and why.

    Nodes are cached, will run, or are hidden: what reads them is cached. Nothing is run, and no weights are loaded.
    Inputs may still be without a value.
    """
    name, texts, nodes = sorted_out(graph, values, fresh)
    call = called(name, texts, **asked)
    plan = call.planned(open_inputs=True)
    warn([*call.unread(plan.checked), *missing(plan.checked)])
    known = recall(folder_of(disk), plan.checked.flat.top.graph.name)
    told = explain(plan, cache_for(call.registry, memory, disk), known, afresh(plan, nodes))
    if as_json:
        give(json.dumps(explained(told), indent=2))
    else:
        for node in told:
            give(f"{node}{_took(node)}")
        say(summary(told))
        if about := wanted(plan, told):
            say(about)
    return 0


def _took(node: Explained) -> str:
    return f"; took {duration(node.seconds)}" if node.state == "run" and node.seconds is not None else ""


def wanted(plan: Plan, told: Sequence[Explained]) -> str:
    """How much memory the run will want, as far as the nodes tell."""
    found = memory(plan.facts({number for number, node in enumerate(told) if node.state == "run"}))
    if not found.weights and not found.largest:
        return ""
    return f"memory: {found.weights / 1e6:.1f} MB of weights, {found.largest / 1e6:.1f} MB for the largest value"


def summary(told: Sequence[Explained]) -> str:
    """How many nodes will run, and about how long that will take."""
    to_run = [node for node in told if node.state == "run"]
    about = estimate(told)
    time = f", about {duration(about)}" if about is not None else ""
    if time and any(node.seconds is None for node in to_run):
        time += " beside what never ran"
    return f"{len(to_run)} will run, {len(told) - len(to_run)} cached{time}"
