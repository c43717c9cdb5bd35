"""Grids that are even in a process's time, or in a function of it."""

from __future__ import annotations

from typing import Annotated, Literal

import noisegraph as ng
from pydantic import Field

from .ends import End, Steps, count, ended


@ng.node(early=True)
def uniform(
    process: ng.Process,
    *,
    steps: Steps = 20,
    spacing: Literal["leading", "trailing", "linspace"] = "leading",
    end: End = "data",
    offset: Annotated[int, Field(ge=0)] = 0,
) -> ng.Levels:
    """Levels in equal distances of time, on whole indices of a discrete process.

    spacing: leading begins below t_max and holds t_min, trailing holds t_max, linspace holds both.
    end: the last step goes to clean data, or to the least noisy level that the process has.
    offset: added to every index of a discrete process with leading spacing (Stable Diffusion 1 has 1).
    """
    asked = count(steps, end)
    times = _indices(process, asked, spacing, offset) if isinstance(process, ng.DiscreteVP) else None
    points = [process.level(t) for t in times or _times(process, asked, spacing)]
    if end == "sigma_min" and points[-1].t > process.t_min:
        points[-1] = process.level(process.t_min)
    return ended(points, process, end)


def _times(process: ng.Process, asked: int, spacing: str) -> list[float]:
    low, high = process.t_min, process.t_max
    width = (high - low) / (max(asked - 1, 1) if spacing == "linspace" else asked)
    first = high - width if spacing == "leading" else high
    return [max(first - index * width, low) for index in range(asked)]


def _indices(process: ng.DiscreteVP, asked: int, spacing: str, offset: int) -> list[float]:
    total = process.steps
    if asked > total:
        raise ng.NodeError(f"{asked} levels of a process that has {total}", f"take at most {total} steps")
    if spacing == "leading":
        times = [index * (total // asked) + offset for index in reversed(range(asked))]
    elif spacing == "trailing":
        times = [round(total - index * total / asked) - 1 for index in range(asked)]
    else:
        width = (total - 1) / max(asked - 1, 1)
        times = [round(index * width) for index in reversed(range(asked))] if asked > 1 else [total - 1]
    if times[0] >= total:
        raise ng.NodeError(f"an offset of {offset} leads beyond the last index, {total - 1}", "take a smaller one")
    return [float(t) for t in times]


@ng.node(early=True)
def strided(process: ng.Process, *, sections: str = "10,10,10,10", end: End = "data") -> ng.Levels:
    """Indices of a discrete process, with a count for each equal section of them (Nichol & Dhariwal 2021).

    sections: counts from the section nearest to data on, as in "10,15,20"; "ddim50" is DDIM's even stride of 50 steps.
    """
    if not isinstance(process, ng.DiscreteVP):
        raise ng.NodeError("sections are of the indices of a discrete process", "take levels.uniform for this one")
    chosen = _ddim(process.steps, sections) if sections.startswith("ddim") else _sections(process.steps, sections)
    return ended([process.level(t) for t in sorted(chosen, reverse=True)], process, end)


def _ddim(total: int, sections: str) -> set[int]:
    wanted = int(sections[4:]) if sections[4:].isdecimal() else 0
    for stride in range(1, total):
        if len(range(0, total, stride)) == wanted:
            return set(range(0, total, stride))
    raise ng.NodeError(f"no even stride makes '{sections}' of {total} indices", "take a number that divides it")


def _sections(total: int, sections: str) -> set[int]:
    parts = [part.strip() for part in sections.split(",")]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise ng.NodeError(f"cannot read the sections '{sections}'", 'write counts such as "10,15,20", or "ddim50"')
    chosen, start = set(), 0
    for index, part in enumerate(parts):
        size = total // len(parts) + (1 if index < total % len(parts) else 0)
        if int(part) > size:
            raise ng.NodeError(f"a section of {size} indices has no {part} levels", "write smaller counts")
        stride = (size - 1) / (int(part) - 1) if int(part) > 1 else 1.0
        # A running sum, not a product: it decides which way halves are rounded, and so which indices are asked.
        position = 0.0
        for _ in range(int(part)):
            chosen.add(start + round(position))
            position += stride
        start += size
    return chosen


@ng.node(early=True)
def quadratic(
    process: ng.Process, *, steps: Steps = 20, reach: Annotated[float, Field(gt=0, le=1)] = 0.8, end: End = "data"
) -> ng.Levels:
    """Levels even in the square root of time, so denser towards data (Song, Meng & Ermon 2021, appendix D.2).

    reach: the noisiest level, as a share of all time; 1 is the quadratic grid of DPM-Solver.
    """
    asked = count(steps, end)
    discrete = isinstance(process, ng.DiscreteVP)
    last = (process.steps if isinstance(process, ng.DiscreteVP) else process.t_max) * reach
    low, high = process.t_min**0.5, last**0.5
    roots = [low + index * (high - low) / max(asked - 1, 1) for index in reversed(range(asked))]
    times = [float(int(root * root)) if discrete else root * root for root in roots]
    return ended([process.level(min(t, process.t_max)) for t in times], process, end)


@ng.node(early=True)
def simple(process: ng.Process, *, steps: Steps = 20) -> ng.Levels:
    """Every (T / steps)-th level counted from the noisiest, then clean data (as ComfyUI's scheduler of that name)."""
    if not isinstance(process, ng.DiscreteVP):
        return ended([process.level(t) for t in _times(process, steps, "trailing")], process, "data")
    if steps > process.steps:
        raise ng.NodeError(f"{steps} steps of a process that has {process.steps}", "take fewer steps")
    times = [process.steps - 1 - int(index * process.steps / steps) for index in range(steps)]
    return ended([process.level(t) for t in times], process, "data")


@ng.node(early=True)
def normal(process: ng.Process, *, steps: Steps = 20, end: End = "data") -> ng.Levels:
    """Even in time from t_max to t_min, also between the indices of a discrete process (k-diffusion)."""
    return ended([process.level(t) for t in _times(process, count(steps, end), "linspace")], process, end)


@ng.node(early=True)
def sgm_uniform(process: ng.Process, *, steps: Steps = 20) -> ng.Levels:
    """Even in time from t_max, the step that would reach t_min going to clean data instead (Stability AI's sgm)."""
    return ended([process.level(t) for t in _times(process, steps, "trailing")], process, "data")


NODES = (uniform, strided, quadratic, simple, normal, sgm_uniform)
