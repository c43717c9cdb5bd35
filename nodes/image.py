"""Pictures: from a model's range to [0, 1] and back, enlarged, side by side, read from a file."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import noisegraph as ng
from pydantic import Field

from .checkpoints import esrgan
from .checkpoints.checkpoint import CheckpointFile, opened
from .pictures import canvas, embedded

Factor = Annotated[int, Field(ge=1, le=64)]
ORIENTATION = 0x0112
"""The entry of EXIF by which pictures are turned; from 5 on a side becomes the other."""
PictureFile = Annotated[str, ng.FileKind((".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif"))]


def decode_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `image.decode`; raises NodeError for a latent that is no picture."""
    latent: ng.Facts = inputs["latent"]
    sizes = latent.get("sizes")
    if sizes is not None and (len(sizes) != 3 or sizes[0] not in (1, 3)):
        told = f"a latent of {' x '.join(map(str, sizes))} is no picture of 1 or 3 channels"
        raise ng.NodeError(told, "decode it with its autoencoder")
    return {name: fact for name, fact in latent.items() if name != "family"}


def resize_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `image.resize`."""
    image, factor = inputs["image"], inputs.get("factor")
    if "sizes" not in image or not isinstance(factor, float):
        return {}
    channels, *sides = image["sizes"]
    return {**image, "sizes": (channels, *(max(1, round(side * factor)) for side in sides))}


def enlarge_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `image.enlarge`."""
    image, factor = inputs["image"], inputs.get("factor")
    if "sizes" not in image or not isinstance(factor, int):
        return {}
    channels, height, width = image["sizes"]
    return {**image, "sizes": (channels, height * factor, width * factor)}


@ng.node(facts=decode_facts)
def decode(latent: ng.Latent) -> ng.Image:
    """The picture that a pixel-space latent in [-1, 1] is; what lies outside is cut off."""
    if latent.dim() != 4 or latent.shape[1] not in (1, 3):
        shape = tuple(latent.shape)
        raise ng.NodeError(
            f"a latent of shape {shape} is no picture of 1 or 3 channels", "decode it with its autoencoder"
        )
    return ng.Image((latent / 2 + 0.5).clamp(0, 1))


@ng.node
def encode(image: ng.Image) -> ng.Latent:
    """A picture in [0, 1] as a pixel-space latent in [-1, 1]."""
    return ng.Latent(image * 2 - 1)


@ng.node(facts=enlarge_facts)
def enlarge(image: ng.Image, *, factor: Factor = 8) -> ng.Image:
    """Every pixel as a square.

    factor: how many pixels wide the square is
    """
    return ng.Image(image.repeat_interleave(factor, dim=2).repeat_interleave(factor, dim=3))


@ng.node(facts=resize_facts)
def resize(
    image: ng.Image,
    *,
    factor: Annotated[float, Field(gt=0, le=64)] = 2.0,
    method: Literal["bicubic", "bilinear", "area"] = "bicubic",
) -> ng.Image:
    """A picture made larger or smaller, smoothly.

    factor: how many times as wide and high; sides are rounded to whole pixels
    method: bicubic is the sharpest, area the mean of the pixels that fall together
    """
    from torch.nn import functional

    size = [max(1, round(side * factor)) for side in image.shape[2:]]
    smooth = {} if method == "area" else {"antialias": True}
    return ng.Image(functional.interpolate(image, size, mode=method, **smooth).clamp(0, 1))


@ng.node
def sheet(
    images: list[ng.Image],
    *,
    columns: Annotated[int, Field(ge=1)] | None = None,
    gap: Annotated[int, Field(ge=0, le=256)] = 2,
    shade: Annotated[float, Field(ge=0, le=1)] = 0.5,
) -> ng.Image:
    """All pictures on one: a contact sheet, row by row.

    images: batches of pictures of one size
    columns: pictures a row; as nearly a square as it goes if not given
    gap: pixels between pictures and around them
    shade: grey level of what no picture covers
    """
    import torch

    shapes = sorted({tuple(batch.shape[1:]) for batch in images})
    if len(shapes) != 1:
        raise ng.NodeError(f"pictures of shapes {shapes} on one sheet", "bring them to one size")
    pictures = torch.cat(list(images))
    across = columns or math.ceil(math.sqrt(len(pictures)))
    channels, height, width = shapes[0]
    rows = math.ceil(len(pictures) / across)
    size = (1, channels, rows * (height + gap) + gap, across * (width + gap) + gap)
    paper = torch.full(size, shade, dtype=pictures.dtype, device=pictures.device)
    for index, picture in enumerate(pictures):
        top, left = (
            gap + place * (side + gap) for place, side in zip(divmod(index, across), (height, width), strict=True)
        )
        paper[0, :, top : top + height, left : left + width] = picture
    return ng.Image(paper)


def load_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `image.load` from the file's head; nothing of what cannot be read, which the run tells."""
    from PIL import Image

    try:
        with Image.open(inputs["file"]) as opened:
            turned = opened.getexif().get(ORIENTATION, 1) >= 5
            width, height = opened.size[::-1] if turned else opened.size
    except (KeyError, TypeError, OSError, ValueError, SyntaxError):
        return {}
    return {"sizes": (3, height, width), "batch": 1}


@ng.node(device=False, facts=load_facts)
def load(*, file: PictureFile) -> ng.Image:
    """A picture from a file, turned upright, in colour, without its transparency: [1, 3, height, width].

    file: PNG (of 16 bits too), JPEG, WebP, BMP or GIF (the first picture); transparent parts are laid on white
    """
    import numpy
    import torch
    from PIL import Image, ImageOps

    try:
        with Image.open(file) as opened:
            wide = opened.mode.startswith("I")
            shallow = opened.convert("I").point(lambda value: value * (1 / 257)).convert("L") if wide else opened
            upright = ImageOps.exif_transpose(shallow).convert("RGBA")
    except (OSError, EOFError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        hint = "it is damaged, or no picture; open it in another program, and save it from there as PNG"
        raise ng.NodeError(f"the picture '{file}' cannot be read: {error}", hint) from error
    white = Image.new("RGBA", upright.size, "white")
    pixels = numpy.array(Image.alpha_composite(white, upright).convert("RGB"))
    values = torch.from_numpy(pixels).to(torch.get_default_device())
    return ng.Image(values.permute(2, 0, 1)[None].float() / 255)


@dataclass(frozen=True)
class Upscaler:
    """A trained upscaler."""

    weights: ng.Weights
    factor: float


def upscaler_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `image.upscaler` from the file's list of tensors."""
    if not isinstance(inputs.get("path"), str):
        return {}
    checkpoint = opened(inputs["path"])
    config = esrgan.configured(checkpoint)
    size = esrgan.upscaler_part(checkpoint).size(checkpoint)
    return {"factor": 2 ** config["doublings"] / config["folded"], "weights": size}


@ng.node(early=True, facts=upscaler_facts)
def upscaler(*, path: CheckpointFile) -> Upscaler:
    """An ESRGAN upscaler from its file, by old names or new (Wang et al. 2018).

    path: a pth or safetensors file
    """
    checkpoint = opened(path)
    config, part = esrgan.configured(checkpoint), esrgan.upscaler_part(checkpoint)
    told, size = tuple(config.items()), part.size(checkpoint)
    weights = ng.Weights(path, ng.digest(Path(path)), esrgan.build, told, part, size)
    return Upscaler(weights, 2 ** config["doublings"] / config["folded"])


def upscale_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `image.upscale`."""
    image, factor = inputs["image"], inputs["upscaler"].get("factor")
    if "sizes" not in image or factor is None:
        return {}
    channels, height, width = image["sizes"]
    return {**image, "sizes": (channels, round(height * factor), round(width * factor))}


@ng.node(facts=upscale_facts)
def upscale(upscaler: Upscaler, image: ng.Image) -> ng.Image:
    """Pictures enlarged by a trained upscaler, one after another."""
    import torch

    with torch.no_grad():
        module: Any = upscaler.weights.module()
        weight = next(module.parameters())
        parts = [module(part.expand(-1, 3, -1, -1).to(weight)).float() for part in torch.split(image, 1)]
    return ng.Image(torch.cat(parts).clamp(0, 1))


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [decode, encode, enlarge, resize, *canvas.NODES, sheet, load, upscaler, upscale]


@ng.hookimpl
def noisegraph_describers() -> Sequence[ng.Describer]:
    """Tells how other programs made a picture."""
    return [ng.Describer("picture", embedded.described)]
