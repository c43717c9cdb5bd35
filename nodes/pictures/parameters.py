"""How a picture was made, in the words of A1111's web interface, which most other programs read: `parameters`."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Iterator, Mapping
from typing import Any

import noisegraph as ng

from .files import beside, loras_of, model_of
from .sampling import Drawn, drawn_by, levels_of, noise_of, walks_of
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
_GENERATORS = {"torch": "CPU", "cuda": "NV"}


def written(making: ng.Making) -> str | None:
    """The text for a picture that one sampling drew from words, or two with an enlargement between; else None."""
    trail = Trail(making.calls)
    walks = walks_of(trail)
    if not walks:
        return None
    drawn = drawn_by(trail, walks[-1])
    prompt = _words(trail, drawn.positive, making.picture)
    if prompt is None:
        return None
    negative = _words(trail, drawn.negative, making.picture)
    lines = [_with_loras(trail, drawn, prompt), *([f"Negative prompt: {negative}"] if negative else [])]
    told = {name: value for name, value in _settings(trail, walks, drawn, making) if value is not None}
    return "\n".join([*lines, ", ".join(f"{name}: {_quoted(value)}" for name, value in told.items())])


def _words(trail: Trail, denoiser: int | None, picture: int) -> str | None:
    said = trail.value(trail.nearest(denoiser, *WORDS), "prompt")
    if isinstance(said, list):
        return str(said[picture] if picture < len(said) else said[0])
    return said if isinstance(said, str) else None


def _with_loras(trail: Trail, drawn: Drawn, prompt: str) -> str:
    """The prompt, and behind it the LoRAs as A1111 reads them there."""
    named = [f"<lora:{path.stem}:{strength:g}>" for path, strength in loras_of(trail, drawn)]
    return " ".join([prompt, *named]).strip()


def _settings(
    trail: Trail, walks: list[int], drawn: Drawn, making: ng.Making
) -> Iterator[tuple[str, str | int | float | None]]:
    """Name -> value, in A1111's order."""
    grid, strength = levels_of(trail, drawn.walk)
    yield "Steps", trail.value(grid, "steps")
    yield "Sampler", _sampler(trail, drawn.walk)
    yield "Schedule type", _schedule(trail, grid)
    yield "CFG scale", trail.value(drawn.guidance, "scale")
    yield "Seed", _seed(trail, drawn.walk, making.picture)
    yield "Size", _size(trail, walks, making)
    yield from model_of(trail, drawn)
    yield from beside(trail, drawn)
    yield from _second(trail, walks, strength)
    skip = trail.value(trail.nearest(drawn.positive, "text.skip"), "layers")
    yield "Clip skip", skip if skip != 1 else None
    yield "RNG", _GENERATORS.get(str(trail.value(noise_of(trail, drawn.walk), "rng")))
    yield "Version", f"noisegraph {importlib.metadata.version('noisegraph')}"


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
    seed = trail.value(noise_of(trail, walk), "seed")
    if isinstance(seed, list):
        return int(seed[picture]) if picture < len(seed) else None
    return None if seed is None else int(seed) + picture


def _size(trail: Trail, walks: list[int], making: ng.Making) -> str | None:
    """Of two passes that of the first, which A1111 tells and takes up again; None where it is not known."""
    if len(walks) == 1:
        return f"{making.width}x{making.height}"
    shape = trail.nearest(walks[-1], "vae.shape")
    width, height = (trail.value(shape, side) for side in ("width", "height"))
    factor = trail.value(_enlargement(trail, walks), "factor")
    if shape is None and factor:
        width, height = (round(side / factor) for side in (making.width, making.height))
    return f"{width}x{height}" if width and height else None


def _enlargement(trail: Trail, walks: list[int]) -> int | None:
    """What makes the picture of the first pass larger for the second."""
    return trail.nearest(trail.read(walks[0], "noise"), "latent.resize", "image.resize", "image.upscale")


def _second(trail: Trail, walks: list[int], strength: float | None) -> Iterator[tuple[str, str | int | float | None]]:
    """How much of a picture was drawn anew: of the one given, or of the first pass."""
    if len(walks) == 1:
        yield "Denoising strength", strength
        return
    grid, again = levels_of(trail, walks[0])
    larger = _enlargement(trail, walks)
    yield "Denoising strength", again
    yield "Hires upscale", trail.value(larger, "factor")
    yield "Hires steps", trail.value(grid, "steps")
    yield "Hires upscaler", "Latent" if larger is not None and trail.calls[larger].node == "latent.resize" else None


def _quoted(value: Any) -> str:
    """As it stands between commas: in quotes where it has some of its own."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return json.dumps(text, ensure_ascii=False) if set(text) & set(",:\n") else text
