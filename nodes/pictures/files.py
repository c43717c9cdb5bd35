"""The files that a sampling took, as A1111's words tell them: model, autoencoder, LoRAs, ControlNets, a refiner."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import noisegraph as ng

from .sampling import Drawn
from .trail import Trail

MODELS = ("model.load", "model.trained", "unet.load")
_MODEL_DIGITS, _LORA_DIGITS = 10, 12
"""How much of a file's SHA-256 hash is told."""


def loras_of(trail: Trail, drawn: Drawn) -> list[tuple[Path, float]]:
    """The files and strengths of those that act, in the order in which they were put beside the U-Net."""
    places = sorted(trail.all(drawn.positive, "unet.lora"))
    found = [(trail.value(one, "path"), float(trail.value(one, "strength"))) for one in places]
    several = ((path if isinstance(path, list) else [path], strength) for path, strength in found if strength)
    return [(Path(str(path)), strength) for paths, strength in several for path in paths]


def model_of(trail: Trail, drawn: Drawn) -> Iterator[tuple[str, str | None]]:
    """The model, and the autoencoder where it is another's."""
    model = trail.nearest(drawn.positive, *MODELS)
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


def beside(trail: Trail, drawn: Drawn) -> Iterator[tuple[str, str | float | None]]:
    """LoRAs, ControlNets, a refiner."""
    loras = [f"{path.stem}: {_hash(path, _LORA_DIGITS)}" for path, _ in loras_of(trail, drawn)]
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


def _hash(path: Path, digits: int) -> str | None:
    """The beginning of a file's SHA-256 hash, by which other programs know it; folders have none."""
    return ng.sha256(path)[:digits] if path.is_file() else None
