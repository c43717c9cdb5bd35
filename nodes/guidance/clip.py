"""CLIP guidance: pictures pulled towards a text by the similarity of their embeddings (GLIDE, Nichol et al. 2022)."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import noisegraph as ng

from .classifier import Strength
from .classifier import classifier as guided
from .facts import of_one_model


@runtime_checkable
class Encoder(Protocol):
    """From states [batch, ...] at a level to embeddings [batch, dimensions], differentiable; of any length."""

    def __call__(self, x: ng.Tensor, level: ng.Level, /) -> ng.Tensor: ...


@ng.node(early=True)
def similarity(encoder: Encoder, text: ng.Points) -> ng.Classifier:
    """The similarity of pictures to a text as a classifier: the cosine of their embeddings (Nichol et al. 2022).

    encoder: of pictures; trained on noisy ones, unless `guide.on_data` stands between.
    text: the text's embedding, [1 or batch, dimensions].
    """

    def log_probability(x: ng.Tensor, level: ng.Level) -> ng.Tensor:
        from torch.nn import functional

        return functional.cosine_similarity(encoder(x, level), ng.onto(text, x.device, x.dtype), dim=-1)

    return log_probability


@ng.node(early=True)
def on_data(classifier: ng.Classifier, denoiser: ng.Denoiser) -> ng.Classifier:
    """A classifier of clean data, asked for the data that a denoiser predicts (Bansal et al. 2023, forward guidance).

    The gradient goes through the denoiser, which costs its backward pass.
    """

    def log_probability(x: ng.Tensor, level: ng.Level) -> ng.Tensor:
        return classifier(denoiser(x, level), CLEAN)

    return log_probability


@ng.node(early=True, facts=of_one_model("denoiser"))
def clip(denoiser: ng.Denoiser, encoder: Encoder, text: ng.Points, *, scale: Strength = 100.0) -> ng.Denoiser:
    """CLIP guidance (GLIDE, Nichol et al. 2022, section 2.4): the noise moved by the gradient of a similarity.

    encoder: of noisy pictures.
    text: the text's embedding, [1 or batch, dimensions].
    scale: 0 is the denoiser alone.
    """
    return guided(denoiser, similarity(encoder, text), scale=scale)


CLEAN = ng.Level(0.0, 1.0, 0.0)
"""Where classifiers of clean data are asked."""
NODES = (similarity, on_data, clip)
