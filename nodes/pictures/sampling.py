"""Where on the trail to a picture its samplings stand, and what each consists of."""

from __future__ import annotations

from typing import NamedTuple

from .trail import Trail

AFTERWARDS = (
    "vae.decode",
    "image.decode",
    "image.resize",
    "image.enlarge",
    "image.fit",
    "image.upscale",
    "image.paste",
)
"""Nodes that make one picture of one latent: where others stand behind the sampling, these words would say too much."""
GRIDS = ("levels.strength", "levels.slice")
"""Nodes that take some levels of a grid."""


class Drawn(NamedTuple):
    """The places of the calls that one sampling consists of."""

    walk: int
    positive: int | None
    negative: int | None
    guidance: int | None
    """That which leads from the negative to the positive denoiser, if any."""
    switch: int | None


def walks_of(trail: Trail) -> list[int]:
    """The samplings one behind the other, the last first; none where something else stands behind them."""
    place: int | None = len(trail.calls) - 1
    while place is not None and trail.calls[place].node in AFTERWARDS:
        latent = trail.read(place, "latent")
        place = trail.read(place, "image") if latent is None else latent
    if place is None or trail.calls[place].node != "sampler.sample":
        return []
    found = [place]
    while (earlier := trail.nearest(trail.read(found[-1], "noise"), "sampler.sample")) is not None:
        found.append(earlier)
    return found


def drawn_by(trail: Trail, walk: int) -> Drawn:
    """What a sampling consists of."""
    denoiser = trail.read(walk, "denoiser")
    assert denoiser is not None
    switch = trail.nearest(denoiser, "guide.switch", "guide.between")
    begins = (trail.read(switch, port) for port in ("before", "inside"))
    begin = next((one for one in begins if one is not None), denoiser)
    both = (one for one in trail.above(begin) if {"positive", "negative"} <= trail.calls[one].reads.keys())
    guidance = next(both, None)
    if guidance is None:
        return Drawn(walk, begin, None, None, switch)
    return Drawn(walk, trail.read(guidance, "positive"), trail.read(guidance, "negative"), guidance, switch)


def levels_of(trail: Trail, walk: int) -> tuple[int | None, float | None]:
    """The whole grid that is walked, and which share of its steps, if not all."""
    place, strength = trail.read(walk, "levels"), None
    while place is not None and trail.calls[place].node in GRIDS:
        strength = trail.value(place, "strength") or strength
        place = trail.read(place, "levels")
    return place, strength


def noise_of(trail: Trail, walk: int) -> int | None:
    """The noise from which a sampling begins."""
    return trail.nearest(trail.read(walk, "noise"), "latent.noise", "latent.noised")
