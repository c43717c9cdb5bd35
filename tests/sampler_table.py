"""The table of samplers in the documents: from the registry, the orders that contracts measure, and counted calls."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import noisegraph as ng
from noisegraph.node import NodeSpec

HEAD = ("sampler", "what it is", "paper or code", "order", "evaluations a step", "noise")
STEPS = 20
_SOURCE = re.compile(r" ?\(([^()]*(?:\b\d{4}|k-diffusion)[^()]*)\)")


def rows() -> Iterator[tuple[str, ...]]:
    """One row a built-in sampler, with its parameters at their defaults."""
    from .nodes.test_contract_samplers import CLAIMS, SAMPLERS

    for name, spec in SAMPLERS.items():
        method, source = _told(spec)
        sampler: ng.Sampler = spec.function()
        paced = CLAIMS[name].get("couples", False)
        order = "adaptive" if paced else _order(sampler, CLAIMS[name])
        asked = "adaptive" if paced else _asked(sampler)
        yield f"`{name}`", method, source, order, asked, "yes" if sampler.noisy else "no"


def _told(spec: NodeSpec) -> tuple[str, str]:
    """What the first line of the help says, and the sources that it names."""
    return _SOURCE.sub("", spec.help), "; ".join(_SOURCE.findall(spec.help))


def _order(sampler: ng.Sampler, claims: Mapping[str, Any]) -> str:
    """The order that the contract measures; none for samplers with noise, or that mix orders."""
    return str(claims.get("order", "mixed")) if not sampler.noisy else ""


def _asked(sampler: ng.Sampler) -> str:
    """How often most steps ask the denoiser, and at most, where that is more."""
    from noisegraph.testing.mixture import three_clusters
    from noisegraph.testing.trial import Asked, step_of

    asked, process = Asked(three_clusters().denoiser()), ng.ContinuousVP()
    ratios = [80.0 * (0.01 / 80.0) ** (index / STEPS) for index in range(STEPS + 1)]
    points = tuple(ng.at_ratio(process, ratio) for ratio in ratios)
    levels = ng.Levels(points[::-1] if sampler.walks == "up" else points, process)
    state, counts = sampler.init(three_clusters().sample(2)), []
    for index in range(STEPS):
        before = len(asked.levels)
        state = sampler.step(asked, state, step_of(levels, index, (0, 1), state.x))
        counts.append(len(asked.levels) - before)
    usual, most = Counter(counts).most_common(1)[0][0], max(counts)
    return f"{usual}" if most == usual else f"{usual}, in some {most}"
