"""What is known of words as conditions before anything is loaded, and whether a network reads such conditions.

The facts of a condition are `context`, how wide the states of its tokens are, `vector`, how many numbers it has for the
whole text (None: it has none), `beside`, how many channels it brings beside the latent, and `words`, by whom they
are said.
"""

from __future__ import annotations

from collections.abc import Callable

import noisegraph as ng

EMBEDDED = 256
"""Into how many numbers each size is embedded."""
NO_VECTOR = ("a condition without a vector of the words", "it is for Stable Diffusion XL's text encoders")
_WANTED = {
    "context": (
        "the network reads words of {wanted} numbers, the text encoder's have {found}",
        "take the text encoder of the same checkpoint, and the graph that is for its family",
    ),
    "words": (
        "the network was trained on the words of {wanted}, these are said by {found}",
        "take the text encoder that it was trained with",
    ),
    "vector": (
        "the network wants a vector of {wanted} numbers for the whole text, found {found}",
        "Stable Diffusion XL's is made by text.sizes, its refiner's by text.aesthetics: sd/text-to-image-xl has them",
    ),
    "beside": (
        "the network reads {wanted} channels beside the latent, the condition brings {found}",
        "5 are for inpainting (unet.inpainting: sd/inpaint-model), 3 for the x4 upscaler (sd/x4-upscale), "
        "4 for InstructPix2Pix (unet.editing: sd/edit), 1 for depths (unet.depth: sd/depth-to-image)",
    ),
}
"""What a network reads -> what to say where a condition has something else."""


def said(inputs: ng.Facts) -> ng.Facts:
    """What is known of words that an encoder says; raises NodeError where it, or its vocabulary, is not there."""
    encoder = inputs["encoder"]
    if "absent" in encoder:
        raise ng.NodeError(*encoder["absent"])
    return {name: fact for name, fact in encoder.items() if name in ("context", "vector", "words")}


def schedule(inputs: ng.Facts) -> ng.Facts:
    """The same for several in a row."""
    return {"conditions": said(inputs)}


def encoder(inputs: ng.Facts) -> ng.Facts:
    """What is known of an encoder that says other things, in the same shapes."""
    return dict(inputs["encoder"])


def longer(numbers: int) -> Callable[[ng.Facts], ng.Facts]:
    """What is known of a condition that gains so many numbers; raises NodeError where it has no vector."""

    def facts(inputs: ng.Facts) -> ng.Facts:
        told = inputs["condition"]
        if "vector" in told and told["vector"] is None:
            raise ng.NodeError(*NO_VECTOR)
        return lengthened(told, numbers)

    return facts


def sized(inputs: ng.Facts) -> ng.Facts:
    """What is known of a condition that gains the picture's sizes, where it has a vector."""
    return lengthened(inputs["condition"], 6)


def lengthened(told: ng.Facts, numbers: int) -> ng.Facts:
    """What is known of a condition, with so many numbers more in its vector, if it has one."""
    vector = told.get("vector")
    return dict(told) if vector is None else {**told, "vector": vector + numbers * EMBEDDED}


def beside(channels: int = 0) -> Callable[[ng.Facts], ng.Facts]:
    """What is known of a condition that gains so many channels beside the latent."""
    return lambda inputs: {**inputs["condition"], "beside": inputs["condition"].get("beside", 0) + channels}


def check(reads: ng.Facts, condition: ng.Facts) -> None:
    """Raise NodeError where a condition, made of words, is not what a network reads."""
    for name, (what, hint) in _WANTED.items():
        if name in reads and name in condition and reads[name] != condition[name]:
            raise ng.NodeError(what.format(wanted=reads[name] or 0, found=condition[name] or 0), hint)
