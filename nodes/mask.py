"""Masks as nodes: which part of a picture is to change, or whose region it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import noisegraph as ng
from pydantic import Field

Share = Annotated[float, Field(ge=0, le=1)]
Side = Annotated[int, Field(ge=1, le=65536)]


@ng.node
def rectangle(
    *, height: Side, width: Side, top: Share = 0.0, left: Share = 0.0, bottom: Share = 1.0, right: Share = 1.0
) -> ng.Mask:
    """1 in a rectangle, 0 outside, and at its edges the share of a pixel that it covers.

    height: of the whole mask in pixels; masks of another size than the picture's are fitted where they are used.
    width: of the whole mask in pixels.
    top: where the rectangle begins, as a share of the height.
    left: where it begins, as a share of the width.
    bottom: where it ends, as a share of the height.
    right: where it ends, as a share of the width.
    """
    if not (top < bottom and left < right):
        raise ng.NodeError(f"an empty rectangle from ({top:g}, {left:g}) to ({bottom:g}, {right:g})", "top < bottom")
    rows, columns = _covered(height, top, bottom), _covered(width, left, right)
    return ng.Mask((rows[:, None] * columns)[None, None])


@ng.node
def of_image(image: ng.Image) -> ng.Mask:
    """A picture's brightness as a mask: white is 1, what is to change."""
    return ng.Mask(image.mean(1, keepdim=True))


@ng.node
def invert(mask: ng.Mask) -> ng.Mask:
    """All that the mask is not."""
    return ng.Mask(1 - mask)


@ng.node
def join(masks: list[ng.Mask]) -> ng.Mask:
    """Where any of the masks is, by the greatest of them."""
    if not masks:
        raise ng.NodeError("no masks", "wire one or more")
    joined, *others = masks
    for other in others:
        joined = ng.Mask(joined.maximum(other))
    return joined


@ng.node
def soften(mask: ng.Mask, *, radius: Annotated[float, Field(gt=0, le=1000)] = 4.0) -> ng.Mask:
    """The mask with soft edges: blurred by a Gaussian, the border's values carried on outside.

    radius: the Gaussian's standard deviation in pixels.
    """
    import torch
    from torch.nn import functional

    reach = math.ceil(3 * radius)
    kernel = torch.arange(-reach, reach + 1).to(mask).div(radius).square().div(-2).exp()
    kernel = kernel / kernel.sum()
    wide = functional.pad(mask, (reach, reach, reach, reach), mode="replicate")
    across = functional.conv2d(wide, kernel.view(1, 1, 1, -1))
    return ng.Mask(functional.conv2d(across, kernel.view(1, 1, -1, 1)))


def _covered(count: int, start: float, end: float) -> ng.Tensor:
    """How much of each of so many pixels lies between two shares of their length."""
    import torch

    edges = torch.arange(count + 1, dtype=torch.float64).clamp(start * count, end * count)
    return edges.diff().to(torch.float32)


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [rectangle, of_image, invert, join, soften]
