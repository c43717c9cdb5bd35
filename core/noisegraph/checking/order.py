"""The order in which nodes run: depth first from the outputs, so that values are used soon and freed early."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import Problem
from .scope import FlatNode


def depth_first(roots: Iterable[int], reads: Sequence[Sequence[int]]) -> tuple[list[int], list[list[int]]]:
    """What the roots need, each number after all that it reads, and the cycles met on the way.

    `reads[n]` are the numbers that n reads. Linear in nodes and edges, without recursion.
    """
    new, open_, done = 0, 1, 2
    state = bytearray(len(reads))
    order: list[int] = []
    cycles: list[list[int]] = []
    stack: list[int] = []
    for root in roots:
        stack.append(root)
        while stack:
            here = stack[-1]
            if state[here] == new:
                state[here] = open_
                for one in reversed(reads[here]):
                    if state[one] == new:
                        stack.append(one)
                    elif state[one] == open_:
                        path = [node for node in stack if state[node] == open_]
                        cycles.append(path[path.index(one) :])
            else:
                stack.pop()
                if state[here] == open_:
                    state[here] = done
                    order.append(here)
    return order, cycles


def cycle_problem(nodes: Sequence[FlatNode], cycle: Sequence[int]) -> Problem:
    """What to tell of nodes that wait for one another, `cycle` as depth_first gives it."""
    names = [nodes[index].id for index in reversed(cycle)]
    shown = names if len(names) <= 12 else [*names[:6], f"... {len(names) - 12} more ...", *names[-6:]]
    node = nodes[cycle[0]]
    path = " -> ".join([*shown, names[0]])
    return Problem(node.scope.place("nodes", node.name), f"nodes that wait for one another: {path}")
