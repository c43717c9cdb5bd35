"""What a graph of the library gives, computed on the CPU."""

from __future__ import annotations

from typing import Any

import torch
from noisegraph.check import check, require
from noisegraph.devices import Device
from noisegraph.events import RunFinished
from noisegraph.graph import library, load
from noisegraph.plan import plan
from noisegraph.registry import Registry
from noisegraph.run import run
from noisegraph.store.cache import Cache


def value(graph: str, node: str | None = None, cache: Cache | None = None, /, **given: Any) -> Any:
    """What a node gives, or the graph's one output; torch's threads cost more than they save on tensors as small."""
    checked = require(check(load(library()[graph]), Registry.installed(), given, until=node))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        *_, last = run(plan(checked, Device("cpu", "float32")), cache or Cache(10**8, None))
    finally:
        torch.set_num_threads(threads)
    assert isinstance(last, RunFinished)
    assert last.failed == 0, [dict(result.failed) for result in last.results]
    (found,) = last.results[0].outputs.values()
    return found
