"""Graphs to draw: written out in short, made at random, and as large sweeps make them."""

from __future__ import annotations

from hypothesis import strategies as st
from noisegraph.tui.outline import Item, Outline, Wire


def graph(**reads: str) -> Outline:
    """`graph(a="", b="a", c="a b")`: each node with those that it reads."""
    return Outline(items={name: item(name, *sources.split()) for name, sources in reads.items()})


def item(name: str, *sources: str) -> Item:
    """A node that reads others, each by a port of its own."""
    return Item(name, "test.node", wires=tuple(Wire(f"p{index}", source) for index, source in enumerate(sources)))


def variants(count: int) -> Outline:
    """A sweep written out: shared loaders, nine nodes for each picture, and a sheet of all."""
    each = {
        "prompt": "clip", "negative": "clip", "seed": "", "empty": "vae", "guided": "model prompt negative",
        "noise": "empty seed", "levels": "model", "drawn": "guided noise levels", "image": "drawn vae",
    }  # fmt: skip
    nodes = [item("model"), item("clip"), item("vae")]
    for number in range(count):
        for name, sources in each.items():
            named = (
                source if source in ("model", "clip", "vae") else f"{source}_{number}" for source in sources.split()
            )
            nodes.append(item(f"{name}_{number}", *named))
    nodes.append(item("sheet", *(f"image_{number}" for number in range(count))))
    return Outline(items={node.name: node for node in nodes})


@st.composite
def graphs(draw: st.DrawFn, most: int = 14, circles: bool = False) -> Outline:
    """Any graph of a few nodes."""
    count = draw(st.integers(0, most))
    nodes = []
    for number in range(count):
        below = count if circles else number
        sources = draw(st.lists(st.integers(0, below - 1), max_size=4)) if below else []
        nodes.append(item(f"n{number}", *(f"n{source}" for source in sources)))
    return Outline(items={node.name: node for node in draw(st.permutations(nodes))})
