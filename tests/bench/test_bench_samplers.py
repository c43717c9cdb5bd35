"""What a sampler costs beside its own arithmetic: a step against a bare replay of the torch operations that it does.

    pytest tests/bench/test_bench_samplers.py -m bench --benchmark-only

The state is 1x4x64x64 on the CPU; the denoiser and the noise cost nothing. A step may take 3 times what the bare
operations do, in CPU time; a replay reads colder memory than the sampler did, so that ratios below 1 occur.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.registry import Registry
from torch.overrides import TorchFunctionMode

pytestmark = pytest.mark.bench
SAMPLERS = {
    spec.full_name: spec.function
    for plugin in Registry.installed().plugins()
    if plugin.distribution == "noisegraph"
    for spec in plugin.nodes.values()
    if spec.output is ng.Sampler and not any(port.required for port in spec.inputs)
}
STEPS, MOST = 30, 3.0
DRAWN = torch.randn(1, 4, 64, 64, generator=torch.Generator().manual_seed(1))
EXPECTED = torch.randn(1, 4, 64, 64, generator=torch.Generator().manual_seed(2))


class Written(TorchFunctionMode):
    """Writes down every torch function that is called, as it is called."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.done.append((func, args, kwargs or {}))
        return func(*args, **(kwargs or {}))


def grid(sampler: ng.Sampler) -> ng.Levels:
    """Even in log-SNR."""
    process = ng.DiscreteVP("scaled_linear", 1000, 0.00085, 0.012)
    ratios = [14.0 * (0.03 / 14.0) ** (index / STEPS) for index in range(STEPS + 1)]
    points = tuple(ng.at_ratio(process, ratio) for ratio in ratios)
    return ng.Levels(points[::-1] if sampler.walks == "up" else points, process)


def walked(sampler: ng.Sampler, levels: ng.Levels) -> None:
    """All steps."""
    state = sampler.init(DRAWN * 14)
    for index in range(STEPS):
        if sampler.finished is not None and sampler.finished(state):
            return
        step = ng.Step(levels, index, noise=lambda draw=0: DRAWN, path=lambda start, end: DRAWN)
        state = sampler.step(lambda x, level: EXPECTED, state, step)


def best(run: Callable[[], None]) -> float:
    """The shortest of some runs, in seconds of this process."""
    found = []
    for _ in range(7):
        began = time.process_time()
        run()
        found.append(time.process_time() - began)
    return min(found)


@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_a_samplers_step(benchmark: Any, name: str) -> None:
    torch.set_num_threads(1)
    sampler = SAMPLERS[name](**({"atol": 10.0} if name == "sampler.dpm_adaptive" else {}))
    levels = grid(sampler)
    with Written() as written:
        walked(sampler, levels)

    def replay() -> None:
        for func, args, kwargs in written.done:
            func(*args, **kwargs)

    bare, ours = best(replay), best(lambda: walked(sampler, levels))
    benchmark.extra_info["microseconds a step"] = round(ours / STEPS * 1e6, 1)
    benchmark.extra_info["ratio"] = round(ours / bare, 2)
    benchmark.pedantic(walked, (sampler, levels), rounds=3)
    assert ours <= MOST * bare, f"{ours / STEPS * 1e6:.0f} us a step, its torch operations {bare / STEPS * 1e6:.0f}"
    print(f"{name}: {ours / STEPS * 1e6:.0f} us a step, {ours / bare:.2f} x its torch operations")
