"""Nodes that give the examples to train on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import noisegraph as ng
from pydantic import Field

from . import emoji as unicode_emoji
from . import folder as captioned_folder
from .examples import Captioned, Examples
from .scenes import Scenes
from .scenes import scenes as drawn_scenes
from .settings import Part
from .wordings import dyed as in_other_colours
from .wordings import repeated


@ng.node(device=False)
def digits(
    *,
    part: Part = "train",
    every: Annotated[int, Field(ge=2)] = 6,
    size: Literal[8, 4, 2] = 8,
) -> Examples:
    """The 1,797 handwritten digits of 8 x 8 pixels and 17 grey levels that scikit-learn ships.

    part: which digits; those held out are for judging what was learned
    every: one digit in so many is held out
    size: pixels a side; of smaller ones each is the mean of those that fall together

    Data float32 [examples, 1, size, size] in [-1, 1], ink is 1. Source: Alpaydin & Kaynak (1998), Optical Recognition
    of Handwritten Digits, UCI Machine Learning Repository, test set.
    """
    import torch
    from sklearn.datasets import load_digits
    from torch.nn import functional

    pixels, labels = load_digits(return_X_y=True)
    data = functional.avg_pool2d(torch.from_numpy(pixels).float().view(-1, 1, 8, 8) / 8 - 1, 8 // size)
    held_out = torch.arange(len(data)) % every == every - 1
    chosen = {"all": held_out | True, "train": ~held_out, "held out": held_out}[part]
    name = f"Optical Recognition of Handwritten Digits (UCI, in scikit-learn), {part}"
    return Examples(ng.Latent(data[chosen]), torch.from_numpy(labels)[chosen].long(), 10, name, "CC BY 4.0")


@ng.node(device=False, version=unicode_emoji.version)
def emoji(
    *,
    part: Part = "train",
    every: Annotated[int, Field(ge=1, le=200)] = 1,
    repeat: Annotated[int, Field(ge=1, le=20)] = 1,
    dyed: bool = False,
    size: Annotated[int, Field(ge=8, le=136)] = 64,
) -> Captioned:
    """The 3,655 emoji of Unicode 15, drawn with Noto Color Emoji on white, with their names.

    part: which; held out are 200 people, each with a skin tone that its kind is not trained with
    every: one emoji in so many, for a quick trial; 1 is all
    repeat: how many times each that shows no person stands there, in turn under its name and under what people say
    dyed: whether things of one colour follow in nine others, as "blue car"
    size: pixels a side

    Needs the Debian packages fonts-noto-color-emoji (SIL Open Font License), unicode-data and libraqm0.
    """
    chosen = unicode_emoji.chosen(part)[::every]
    found = [*repeated(chosen, repeat), *(in_other_colours(chosen) if dyed else ())]
    share = f", one in {every}" if every > 1 else ""
    name = f"emoji of Unicode 15 in Noto Color Emoji at {size} x {size}, {part}{share}"
    return Captioned(unicode_emoji.drawn(found, size), [one.name for one in found], name, "OFL-1.1")


@ng.node(device=False)
def folder(
    *,
    path: Annotated[str, ng.FileKind((), folders=True)],
    part: Part = "all",
    every: Annotated[int, Field(ge=2)] = 10,
    size: Annotated[int, Field(ge=8, le=1024)] = 64,
    fit: captioned_folder.Fit = "crop",
    licence: str = "not told",
) -> Captioned:
    """A folder of pictures with captions: NAME.txt beside each picture, metadata.jsonl or captions.json.

    path: the folder; those in it are looked into as well
    part: which pictures; those held out are for judging what was learned
    every: one picture in so many is held out, at least one, by the hash of its file: its name makes no difference
    size: pixels a side
    fit: crop takes the middle square of a picture, pad lays the whole of it on white
    licence: under which the pictures may be used, for the card
    """
    import torch

    found = captioned_folder.parted(captioned_folder.pairs(Path(path)), part, every)
    pixels = torch.stack([captioned_folder.pixels(one.path, size, fit) for one in found])
    name = f"{len(found)} captioned pictures of the folder '{Path(path).name}' at {size} x {size}, {part}"
    return Captioned(pixels, [one.caption for one in found], name, licence)


@ng.node(device=False)
def points(points: ng.Points, *, name: str) -> Examples:
    """Points as examples that all have one label.

    name: what they are, for the card
    """
    import torch

    return Examples(ng.Latent(points.float()), torch.zeros(len(points), dtype=torch.int64), 1, name, "none needed")


@ng.node(device=False)
def captioned(examples: Examples, *, channels: Literal[1, 3] = 3) -> Captioned:
    """Labelled pictures in [-1, 1] as pictures whose captions are their labels.

    channels: 3 makes colour pictures of grey ones
    """
    pixels = ((examples.data + 1) * 127.5).round().clamp(0, 255).byte().expand(-1, channels, -1, -1).contiguous()
    return Captioned(pixels, [str(label) for label in examples.labels.tolist()], examples.name, examples.licence)


@ng.node(device=False)
def labels(examples: Examples) -> ng.Condition:
    """The labels of examples as conditions; the empty one is that of label.encode."""
    return ng.Condition({"y": examples.labels})


@ng.node(device=False)
def scenes(
    digits: Examples,
    *,
    count: Annotated[int, Field(ge=1, le=100_000)] = 4000,
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0,
) -> Scenes:
    """Scenes of 16 x 16 pixels with two digits each: "three left of seven", and a layout that says where each stands.

    digits: from data.digits
    count: how many
    seed: of which digits they are, and of how they stand
    """
    return drawn_scenes(digits, count, seed)


@ng.node(device=False)
def pictures(examples: Captioned) -> ng.Image:
    """The pictures of captioned examples in [0, 1]."""
    return ng.Image(examples.pixels.float() / 255)


@ng.hookimpl
def noisegraph_nodes() -> list[object]:
    """The nodes of this file."""
    return [digits, emoji, folder, points, captioned, labels, scenes, pictures]
