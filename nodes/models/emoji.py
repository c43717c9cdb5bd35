"""The built-in models of emoji that stand beside text to image: unCLIP's two, and those led by another picture."""

from __future__ import annotations

import noisegraph as ng

from .from_card import Model
from .shipped import facts, model, version
from .text_to_image import AUTOENCODER, CLIP

PRIOR, DECODER = "emoji-prior", "emoji-decoder"
INPAINTING, UPSAMPLER = "emoji-inpainting", "emoji-upsampler"


@ng.node(early=True, facts=facts(PRIOR, "emoji embeddings", clip=CLIP), version=version(PRIOR))
def emoji_prior() -> Model:
    """From words, `condition.prior`, to the CLIP embedding of a picture: unCLIP's prior."""
    return model(PRIOR)


@ng.node(early=True, facts=facts(DECODER, autoencoder=AUTOENCODER, clip=CLIP), version=version(DECODER))
def emoji_decoder() -> Model:
    """From the CLIP embedding of a picture and no words, `vision.condition`, to a latent of emoji: unCLIP's decoder."""
    return model(DECODER)


@ng.node(early=True, facts=facts(INPAINTING, autoencoder=AUTOENCODER, clip=CLIP), version=version(INPAINTING))
def emoji_inpainting() -> Model:
    """Latents of emoji from words, a mask and what is around it, `condition.inpainting`."""
    return model(INPAINTING)


@ng.node(early=True, facts=facts(UPSAMPLER, "emoji pixels"), version=version(UPSAMPLER))
def emoji_upsampler() -> Model:
    """Emoji of 128 x 128 pixels from those of 64 x 64, `condition.upsampling`: an efficient U-Net as Imagen's."""
    return model(UPSAMPLER)


NODES = (emoji_prior, emoji_decoder, emoji_inpainting, emoji_upsampler)
