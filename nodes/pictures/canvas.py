"""Pictures on other canvases: brought to a size, with a border to be drawn, pasted into one another."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import noisegraph as ng
from pydantic import Field

Side = Annotated[int, Field(ge=1, le=16384)]
Border = Annotated[int, Field(ge=0, le=16384)]


class Padded(NamedTuple):
    """A picture with a border."""

    image: ng.Image
    mask: ng.Mask
    """1 in the border and where it overlaps the picture: what is to be drawn."""


def fit_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `image.fit`."""
    width, height = inputs.get("width"), inputs.get("height")
    known = {name: fact for name, fact in inputs["image"].items() if name == "batch"}
    if not isinstance(width, int) or not isinstance(height, int):
        return known
    channels = inputs["image"].get("sizes", (3,))[0]
    return {**known, "sizes": (channels, height, width)}


@ng.node(facts=fit_facts)
def fit(image: ng.Image, *, width: Side = 512, height: Side = 512) -> ng.Image:
    """A picture brought to a size: made larger or smaller until it covers it, its middle cut out.

    width: in pixels
    height: in pixels
    """
    from torch.nn import functional

    if tuple(image.shape[2:]) == (height, width):
        return image
    factor = max(height / image.shape[2], width / image.shape[3])
    size = [max(side, round(own * factor)) for side, own in zip((height, width), image.shape[2:], strict=True)]
    wide = functional.interpolate(image, size, mode="bicubic", antialias=True).clamp(0, 1)
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    return ng.Image(wide[:, :, top : top + height, left : left + width])


def pad_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `image.pad`."""
    image, sides = inputs["image"], [inputs.get(side) for side in ("top", "bottom", "left", "right")]
    known = [side for side in sides if isinstance(side, int)]
    if "sizes" not in image or len(known) < len(sides):
        return {}
    channels, height, width = image["sizes"]
    wide = (height + known[0] + known[1], width + known[2] + known[3])
    return {"image": {**image, "sizes": (channels, *wide)}, "mask": {"sizes": (1, *wide)}}


@ng.node(facts=pad_facts)
def pad(
    image: ng.Image,
    *,
    left: Border = 0,
    top: Border = 0,
    right: Border = 0,
    bottom: Border = 0,
    overlap: Border = 0,
    fill: Literal["edge", "mirror", "grey"] = "edge",
) -> Padded:
    """A picture on a larger canvas, and the mask of what is to be drawn around it: where outpainting begins.

    left: pixels that are added there; and so at the other sides
    overlap: how far what is to be drawn reaches into the picture, at sides where the canvas goes on
    fill: what the border holds at first: the picture's last pixels, the picture mirrored, or grey
    """
    from torch.nn import functional

    height, width = image.shape[2:]
    if fill == "mirror" and not (max(left, right) < width and max(top, bottom) < height):
        raise ng.NodeError("a border as wide as the picture cannot mirror it", "take less, or another fill")
    around = (left, right, top, bottom)
    if fill == "grey":
        wide = functional.pad(image, around, value=0.5)
    else:
        wide = functional.pad(image, around, mode={"edge": "replicate", "mirror": "reflect"}[fill])
    mask = image.new_ones(1, 1, *wide.shape[2:])
    begin = [first + overlap * (first > 0) for first in (top, left)]
    end = [first + side - overlap * (last > 0) for first, side, last in ((top, height, bottom), (left, width, right))]
    mask[:, :, begin[0] : end[0], begin[1] : end[1]] = 0
    return Padded(ng.Image(wide), ng.Mask(mask))


def paste_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `image.paste`; raises NodeError for pictures of two sizes."""
    image, over = inputs["image"], inputs["over"]
    ng.agree("sizes", image=image, over=over)
    known = {name: fact for name, fact in {**over, **image}.items() if name != "batch"}
    if "batch" in image and "batch" in over:
        known["batch"] = max(image["batch"], over["batch"])
    return known


@ng.node(facts=paste_facts)
def paste(image: ng.Image, over: ng.Image, mask: ng.Mask) -> ng.Image:
    """A picture where the mask is 1, another where it is 0: what was drawn, in the picture that it was drawn for.

    over: the picture that stays where the mask is 0, of the same size
    mask: of their size, or fitted to it
    """
    from torch.nn import functional

    if image.shape[2:] != over.shape[2:]:
        sizes = " and ".join(f"{one.shape[2]} x {one.shape[3]}" for one in (image, over))
        raise ng.NodeError(f"pictures of {sizes} pixels", "bring them to one size with image.fit")
    share = mask.to(image)
    if share.shape[2:] != image.shape[2:]:
        share = functional.interpolate(share, image.shape[2:], mode="bilinear")
    return ng.Image(share * image + (1 - share) * over)


NODES = (fit, pad, paste)
