"""How a picture was made, in the words of A1111's web interface, which most other programs read: `parameters`."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import noisegraph as ng

from .trail import Trail

SAMPLERS: Mapping[str, str] = {
    "ddim": "DDIM",
    "deis": "DEIS",
    "dpm2": "DPM2",
    "dpm2_ancestral": "DPM2 a",
    "dpm_adaptive": "DPM adaptive",
    "dpm_fast": "DPM fast",
    "dpmpp_2m": "DPM++ 2M",
    "dpmpp_2m_sde": "DPM++ 2M SDE",
    "dpmpp_2s_ancestral": "DPM++ 2S a",
    "dpmpp_3m_sde": "DPM++ 3M SDE",
    "dpmpp_sde": "DPM++ SDE",
    "euler": "Euler",
    "euler_ancestral": "Euler a",
    "heun": "Heun",
    "lcm": "LCM",
    "lms": "LMS",
    "plms": "PLMS",
    "restart": "Restart",
    "unipc": "UniPC",
}
"""A1111's names for our samplers; others go by ours."""
SCHEDULES: Mapping[str, str] = {
    "align_your_steps": "Align Your Steps",
    "beta": "Beta",
    "exponential": "Exponential",
    "karras": "Karras",
    "leading": "DDIM",
    "linspace": "Uniform",
    "normal": "Normal",
    "polyexponential": "Polyexponential",
    "sgm_uniform": "SGM Uniform",
    "simple": "Simple",
}
WORDS = ("text.encode", "text.weigh", "text.schedule")
MODELS = ("model.load", "unet.load")
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
_GENERATORS = {"torch": "CPU", "cuda": "NV"}
_MODEL_DIGITS, _LORA_DIGITS = 10, 12
"""How much of a file's SHA-256 hash is told."""


class Drawn(NamedTuple):
    """The places of the calls that one sampling consists of."""

    walk: int
    positive: int | None
    negative: int | None
    guidance: int | None
    """That which leads from the negative to the positive denoiser, if any."""
    switch: int | None


def written(making: ng.Making) -> str | None:
    """The text for a picture that one sampling drew from words, or two with an enlargement between; else None."""
    trail = Trail(making.calls)
    walks = _walks(trail)
    if not walks:
        return None
    drawn = _drawn(trail, walks[-1])
    prompt = _words(trail, drawn.positive, making.picture)
    if prompt is None:
        return None
    negative = _words(trail, drawn.negative, making.picture)
    lines = [_with_loras(trail, drawn, prompt), *([f"Negative prompt: {negative}"] if negative else [])]
    told = {name: value for name, value in _settings(trail, walks, drawn, making) if value is not None}
    return "\n".join([*lines, ", ".join(f"{name}: {_quoted(value)}" for name, value in told.items())])


def _walks(trail: Trail) -> list[int]:
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


def _drawn(trail: Trail, walk: int) -> Drawn:
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


def _words(trail: Trail, denoiser: int | None, picture: int) -> str | None:
    said = trail.value(trail.nearest(denoiser, *WORDS), "prompt")
    if isinstance(said, list):
        return str(said[picture] if picture < len(said) else said[0])
    return said if isinstance(said, str) else None


def _with_loras(trail: Trail, drawn: Drawn, prompt: str) -> str:
    """The prompt, and behind it the LoRAs as A1111 reads them there."""
    named = [f"<lora:{path.stem}:{strength:g}>" for path, strength in _loras(trail, drawn)]
    return " ".join([prompt, *named]).strip()


def _loras(trail: Trail, drawn: Drawn) -> list[tuple[Path, float]]:
    """The files and strengths of those that act, in the order in which they were put beside the U-Net."""
    places = sorted(trail.all(drawn.positive, "unet.lora"))
    found = [(trail.value(one, "path"), float(trail.value(one, "strength"))) for one in places]
    several = ((path if isinstance(path, list) else [path], strength) for path, strength in found if strength)
    return [(Path(str(path)), strength) for paths, strength in several for path in paths]


def _settings(
    trail: Trail, walks: list[int], drawn: Drawn, making: ng.Making
) -> Iterator[tuple[str, str | int | float | None]]:
    """Name -> value, in A1111's order."""
    grid, strength = _levels(trail, drawn.walk)
    yield "Steps", trail.value(grid, "steps")
    yield "Sampler", _sampler(trail, drawn.walk)
    yield "Schedule type", _schedule(trail, grid)
    yield "CFG scale", trail.value(drawn.guidance, "scale")
    yield "Seed", _seed(trail, drawn.walk, making.picture)
    shape = trail.nearest(drawn.walk, "vae.shape")
    width, height = (trail.value(shape, side) if len(walks) > 1 else None for side in ("width", "height"))
    yield "Size", f"{width or making.width}x{height or making.height}"
    model = trail.nearest(drawn.positive, *MODELS)
    yield from _model(trail, model)
    yield from _parts(trail, drawn)
    yield from _second(trail, walks, strength)
    skip = trail.value(trail.nearest(drawn.positive, "text.skip"), "layers")
    yield "Clip skip", skip if skip != 1 else None
    yield "RNG", _GENERATORS.get(str(trail.value(_noise(trail, drawn.walk), "rng")))
    yield "Version", f"noisegraph {importlib.metadata.version('noisegraph')}"


def _levels(trail: Trail, walk: int) -> tuple[int | None, float | None]:
    """The whole grid that is walked, and which share of its steps, if not all."""
    place, strength = trail.read(walk, "levels"), None
    while place is not None and trail.calls[place].node in GRIDS:
        strength = trail.value(place, "strength") or strength
        place = trail.read(place, "levels")
    return place, strength


def _sampler(trail: Trail, walk: int) -> str | None:
    place = trail.read(walk, "sampler")
    if place is None:
        return None
    name = str(trail.value(place, "name") or trail.calls[place].node.partition(".")[2])
    return SAMPLERS.get(name, name)


def _schedule(trail: Trail, grid: int | None) -> str | None:
    if grid is None:
        return None
    node = trail.calls[grid].node.partition(".")[2]
    name = str({"named": trail.value(grid, "name"), "uniform": trail.value(grid, "spacing")}.get(node, node))
    return SCHEDULES.get("leading" if name == "uniform" else name, name)


def _seed(trail: Trail, walk: int, picture: int) -> int | None:
    seed = trail.value(_noise(trail, walk), "seed")
    if isinstance(seed, list):
        return int(seed[picture]) if picture < len(seed) else None
    return None if seed is None else int(seed) + picture


def _noise(trail: Trail, walk: int) -> int | None:
    return trail.nearest(trail.read(walk, "noise"), "latent.noise", "latent.noised")


def _model(trail: Trail, model: int | None) -> Iterator[tuple[str, str | None]]:
    if model is None:
        return
    path = Path(str(trail.value(model, "path")))
    yield "Model hash", _hash(path, _MODEL_DIGITS)
    yield "Model", path.stem if path.is_file() else path.name
    first_stage = trail.nearest(len(trail.calls) - 1, "vae.load")
    if first_stage is not None:
        other = Path(str(trail.value(first_stage, "path")))
        yield "VAE hash", _hash(other, _MODEL_DIGITS)
        yield "VAE", other.name


def _hash(path: Path, digits: int) -> str | None:
    """The beginning of a file's SHA-256 hash, by which other programs know it; folders have none."""
    return ng.sha256(path)[:digits] if path.is_file() else None


def _parts(trail: Trail, drawn: Drawn) -> Iterator[tuple[str, str | float | None]]:
    """LoRAs, ControlNets, a refiner."""
    loras = [f"{path.stem}: {_hash(path, _LORA_DIGITS)}" for path, _ in _loras(trail, drawn)]
    yield "Lora hashes", ", ".join(loras) or None
    after, until = trail.read(drawn.switch, "after"), trail.value(drawn.switch, "at")
    within = trail.read(drawn.switch, "inside") is not None
    start, stop = (trail.value(drawn.switch, end) if within else None for end in ("start", "end"))
    for number, place in enumerate(sorted(trail.all(drawn.positive, "unet.control"))):
        path, weight = Path(str(trail.value(place, "path"))), trail.value(place, "strength")
        end = 1.0 if after is None or trail.nearest(after, "unet.control") is not None else until
        window = f"Guidance Start: {start or 0.0}, Guidance End: {stop if within else end}"
        yield f"ControlNet {number}", f"Model: {path.stem}, Weight: {weight:g}, {window}"
    refiner = trail.value(trail.nearest(after, *MODELS), "path")
    if refiner is not None and refiner != trail.value(trail.nearest(drawn.positive, *MODELS), "path"):
        yield "Refiner", f"{Path(refiner).stem} [{_hash(Path(refiner), _MODEL_DIGITS)}]"
        yield "Refiner switch at", until


def _second(trail: Trail, walks: list[int], strength: float | None) -> Iterator[tuple[str, str | int | float | None]]:
    """How much of a picture was drawn anew: of the one given, or of the first pass."""
    if len(walks) == 1:
        yield "Denoising strength", strength
        return
    grid, again = _levels(trail, walks[0])
    larger = trail.nearest(trail.read(walks[0], "noise"), "latent.resize", "image.resize", "image.upscale")
    yield "Denoising strength", again
    yield "Hires upscale", trail.value(larger, "factor")
    yield "Hires steps", trail.value(grid, "steps")
    yield "Hires upscaler", "Latent" if larger is not None and trail.calls[larger].node == "latent.resize" else None


def _quoted(value: Any) -> str:
    """As it stands between commas: in quotes where it has some of its own."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return json.dumps(text, ensure_ascii=False) if set(text) & set(",:\n") else text
