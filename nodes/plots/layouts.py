"""What is to stand where: layouts, as `condition.layout` has them, to look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import noisegraph as ng
from pydantic import Field

from .canvas import INK, PALETTE, Paper, drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Cells = Annotated[int, Field(ge=1, le=65536)]


@ng.node
def layouts(
    condition: ng.Condition, *, side: Annotated[int, Field(ge=32, le=2000, description="of a picture, in pixels")] = 128
) -> ng.Image:
    """Layouts as pictures: a box with its class where something is to stand.

    condition: from condition.layout; of what touches or overlaps within a class, the box is that around all of it
    """
    import torch

    paper = Paper(side, side, "")
    pictures: list[ng.Tensor] = [drawn(paper, _boxes(layout)) for layout in condition["concat"].cpu()]
    return ng.Image(torch.cat(pictures))


def _boxes(layout: ng.Tensor) -> Callable[[Axes], None]:
    """Draws the boxes of one layout [classes, height, width]."""
    _, height, width = layout.shape

    def draw(axes: Axes) -> None:
        from matplotlib.patches import Rectangle

        axes.set(xlim=(0, width), ylim=(height, 0), xticks=[], yticks=[])
        axes.spines[:].set_visible(True)
        for kind, cells in enumerate(layout):
            rows, columns = (cells.amax(axis).nonzero().flatten().tolist() for axis in (1, 0))
            if not rows:
                continue
            size = (columns[-1] + 1 - columns[0], rows[-1] + 1 - rows[0])
            colour = PALETTE[kind % len(PALETTE)]
            axes.add_patch(Rectangle((columns[0], rows[0]), *size, facecolor=colour, alpha=0.25, edgecolor=colour))
            middle = (columns[0] + size[0] / 2, rows[0] + size[1] / 2)
            axes.text(*middle, str(kind), ha="center", va="center", fontsize=16, color=INK)

    return draw


NODES: Sequence[Callable[..., Any]] = (layouts,)
