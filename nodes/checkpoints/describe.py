"""What `noisegraph show` tells of a checkpoint: its family and why, its networks, their sizes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import noisegraph as ng

from .checkpoint import SUFFIXES, Checkpoint, opened
from .entry import Entry
from .kinds import is_unet, kinds
from .locate import text_parts, unet_part
from .part import Part
from .recognise import found_autoencoder, found_classifier, found_unet
from .tiny import configured, tiny_part

_MOST_PREFIXES = 12


def described(path: Path) -> Mapping[str, Mapping[str, str]] | None:
    """Sections of rows; None for what is no checkpoint by its name. Raises NodeError for one that is damaged."""
    if not path.is_dir() and path.suffix.lower() not in SUFFIXES:
        return None
    checkpoint = opened(str(path))
    told: dict[str, Mapping[str, str]] = {"file": whole(checkpoint)}
    small = tiny_part(checkpoint)
    if small is not None and unet_part(checkpoint) is None:
        return told | {"verdict": _tiny(small, checkpoint), "tensors": _prefixes(checkpoint.entries)}
    try:
        if "out.2.positional_embedding" in checkpoint.entries:
            return told | {"verdict": _classifier(checkpoint), "tensors": _prefixes(checkpoint.entries)}
        found = found_unet(checkpoint)
        told["verdict"] = {"family": f"{found.family.name}: {found.family.title}", "because": "; ".join(found.reasons)}
        told["U-Net"] = {
            **_part(found.part, checkpoint),
            **_told(found.config),
            "predicts": found.prediction,
        }
    except ng.NodeError as error:
        told["verdict"] = _without_unet(checkpoint) or {
            "family": "none that noisegraph knows by its U-Net",
            "because": f"{error}; {error.hint}",
        }
    first = found_autoencoder(checkpoint)
    if first is not None:
        told["autoencoder"] = {**_part(first.part, checkpoint), **_told(first.config)}
    for number, text in enumerate(text_parts(checkpoint), 1):
        told[f"text {number}"] = {"layout": text.layout, **_part(text.part, checkpoint)}
    told["tensors"] = _prefixes(checkpoint.entries)
    return told


def _without_unet(checkpoint: Checkpoint) -> dict[str, str]:
    """What a file is that holds other things, with the nodes that load them; nothing where it has a U-Net as well."""
    found = kinds(checkpoint)
    if not found or is_unet(checkpoint):
        return {}
    told = [f"{kind.what}, for {kind.nodes}" for kind in found]
    return {"kind": "; ".join(told), "because": "; ".join(kind.because for kind in found)}


def _tiny(part: Part, checkpoint: Checkpoint) -> dict[str, str]:
    config = configured(part.shapes(checkpoint))
    halves = [half for half in ("encoder", "decoder") if config[f"{half}_blocks"]]
    alone = f", the {halves[0]} alone" if len(halves) == 1 else ""
    because = "few convolutions in a row, without normalization"
    return {"family": f"tiny autoencoder{alone}", "because": because, **_part(part, checkpoint), **_told(config)}


def _classifier(checkpoint: Checkpoint) -> dict[str, str]:
    found = found_classifier(checkpoint)
    because = "half of a U-Net, from pictures to classes by attention"
    return {
        "family": "adm-classifier: ADM, noisy classifier",
        "because": because,
        **_part(found.part, checkpoint),
        **_told(found.config),
    }


def _told(config: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in config.items() if value is not None}


def whole(checkpoint: Checkpoint) -> dict[str, str]:
    """Where a file lies, how many tensors it holds, and what it says of itself."""
    entries = checkpoint.entries.values()
    kinds = sorted({entry.dtype for entry in entries})
    size = f"{_size(entries)}, {', '.join(kinds)}"
    notes = {name: value[:200] for name, value in checkpoint.notes.items()}
    return {"path": checkpoint.path, "tensors": str(len(entries)), "size": size, **notes}


def _part(part: Part, checkpoint: Checkpoint) -> dict[str, str]:
    made = part.made(checkpoint)
    sources = {source for one in made.values() for source in one.sources}
    return {
        "names": f"{part.prefix}*",
        "parameters": f"{sum(source.numel for source in sources):,}",
        "size": f"{_size(sources)}, {part.dtype(checkpoint)}",
    }


def _size(entries: Iterable[Entry]) -> str:
    size = sum(entry.size for entry in entries)
    return f"{size / 2**30:.2f} GiB" if size >= 2**30 else f"{size / 2**20:.1f} MiB"


def _prefixes(entries: Mapping[str, Entry]) -> dict[str, str]:
    """How many tensors lie under each first word of their names, the most first."""
    counts: dict[str, int] = {}
    for name in entries:
        first = name.replace("/", ".").split(".")[0]
        counts[first] = counts.get(first, 0) + 1
    most = sorted(counts, key=lambda name: -counts[name])[:_MOST_PREFIXES]
    return {name: str(counts[name]) for name in most}
