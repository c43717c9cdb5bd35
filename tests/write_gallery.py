"""Writes graphs/README.md, the gallery of the published systems: `python -m tests.write_gallery [NAME ...]`.

The pictures of the graphs that are named are made anew (with `--all` of every graph, which takes half an hour); the
page is written from those that stand in docs/gallery.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from noisegraph.check import check
from noisegraph.devices import Device
from noisegraph.events import RunFinished
from noisegraph.graph import library, load
from noisegraph.plan import plan
from noisegraph.registry import Registry
from noisegraph.run import run
from noisegraph.store.cache import Cache

from .source_tree import ROOT

PICTURES = ROOT / "docs" / "gallery"
PAGE = ROOT / "graphs" / "README.md"
WIDEST = 720
"""Pixels of a picture of the gallery; larger ones are made smaller."""
HEAD = """# Gallery

A graph for every system below, in the order of the papers' years. Each runs as it is, with models that come with
noisegraph: `noisegraph run systems/NAME`, and `noisegraph show systems/NAME` tells what it is made of.
This page is written by `python -m tests.write_gallery`.
"""


def systems() -> dict[str, Path]:
    """The graphs of published systems by name, the oldest paper first."""
    found = {name.partition("/")[2]: path for name, path in library().items() if name.startswith("systems/")}
    return dict(sorted(found.items(), key=lambda item: (years(facts(item[1])["paper"]), item[0])))


def facts(path: Path) -> dict[str, Any]:
    """What the file says of its graph."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def years(paper: str) -> list[str]:
    """The years that a list of papers names, in its order."""
    return [one.strip()[-4:] for one in paper.split(";")]


def draw(name: str, path: Path) -> None:
    """Run a graph and put its pictures, made small, into the gallery."""
    *_, last = run(plan(check(load(path), Registry.installed(), {}), Device("cpu", "float32")), Cache(10**9, None))
    assert isinstance(last, RunFinished)
    assert last.failed == 0, name
    for output, image in last.results[0].outputs.items():
        save(image, PICTURES / f"{name}-{output}.png")


def save(image: Any, path: Path) -> None:
    """Write a picture, [1, 3, height, width] in [0, 1], with few colours, so that the gallery stays small."""
    from PIL import Image

    pixels = (image[0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
    picture = Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels).convert("RGB")
    if picture.width > WIDEST:
        picture = picture.resize((WIDEST, round(picture.height * WIDEST / picture.width)), Image.Resampling.LANCZOS)
    path.parent.mkdir(exist_ok=True)
    picture.quantize(128).save(path, optimize=True)


def page() -> str:
    """The text of graphs/README.md."""
    return HEAD + "".join(line for name, path in systems().items() for line in section(name, facts(path)))


def section(name: str, graph: dict[str, Any]) -> Iterator[str]:
    """What the page says of a graph."""
    yield f"\n## {name}\n\n*{graph['paper']}*\n\n{graph['about']}\n"
    for output in graph["outputs"]:
        picture = PICTURES / f"{name}-{output}.png"
        if picture.exists():
            yield f"\n![{name}: {output.replace('_', ' ')}](../docs/gallery/{picture.name})\n"


def main(names: Sequence[str]) -> None:
    """Draw what is named, then write the page."""
    every = systems()
    for name in every if "--all" in names else names:
        draw(name, every[name])
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
