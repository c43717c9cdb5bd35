"""The built-in models of emoji that stand beside text to image."""

from __future__ import annotations

import noisegraph as ng

from .shipped import Model, facts, model, version

DECODER = "emoji-decoder"


@ng.node(early=True, facts=facts(DECODER, "emoji"), version=version(DECODER))
def emoji_decoder() -> Model:
    """From the CLIP embedding of a picture, `vision.condition`, to a latent of emoji: unCLIP's decoder."""
    return model(DECODER)


NODES = (emoji_decoder,)
