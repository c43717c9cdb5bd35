"""Classifiers of noisy pictures: what they guide, and the features by which sets of pictures are compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import noisegraph as ng
from pydantic import Field

from .checkpoints.checkpoint import CheckpointFile
from .checkpoints.published import published
from .checkpoints.recognise import found_classifier
from .label import indices
from .network import build_classifier

Label = Annotated[int, Field(ge=0)]
AT_ONCE = 256
"""Pictures that the network is given at once."""


@dataclass(frozen=True)
class LabelClassifier:
    """A trained classifier of noisy pictures."""

    network: ng.Network
    """Puts out logits, [batch, classes]; they pass for predicted data, which a network's output is not turned into."""
    classes: int
    shape: tuple[int, ...]
    """Of one picture."""

    def logits(self, x: ng.Tensor, level: ng.Level) -> ng.Tensor:
        """The logits of states of any process, [batch, classes]; differentiable in x."""
        return self.network.predict(x, level, {}).x0


def load_facts(inputs: ng.Facts) -> ng.Facts:
    """What is known of `classifier.load` from the file's list of tensors."""
    if not isinstance(inputs.get("path"), str):
        return {}
    checkpoint = published(inputs["path"])
    found = found_classifier(checkpoint)
    return {"classes": found.config["out_channels"], "weights": found.part.size(checkpoint)}


@ng.node(early=True, facts=load_facts)
def load(*, path: CheckpointFile) -> LabelClassifier:
    """A published classifier of noisy pictures, as ADM is guided by (Dhariwal & Nichol 2021).

    path: a pt or safetensors file with the authors' names
    """
    checkpoint = published(path)
    found = found_classifier(checkpoint)
    digest, size = ng.digest(Path(path)), found.part.size(checkpoint)
    weights = ng.Weights(path, digest, build_classifier, tuple(found.config.items()), found.part, size)
    return LabelClassifier(ng.Network(weights, found.process, "x0"), found.config["out_channels"], found.sizes)


def known(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """No facts of the value; raises NodeError for a label that the classifier does not know, where it is written."""
    classes = inputs["classifier"].get("classes") if isinstance(inputs["classifier"], Mapping) else None
    if isinstance(classes, int) and isinstance(inputs["label"], int | list):
        indices(inputs["label"], classes)
    return {}


@ng.node(early=True, facts=known)
def log_probability(
    classifier: LabelClassifier,
    *,
    label: Label | Annotated[list[Label], Field(min_length=1)] = 0,
    repeat: Annotated[int, Field(ge=1, le=4096)] = 1,
) -> ng.Classifier:
    """log p(label | noisy picture), for classifier guidance.

    label: the class, or a list with one an image
    repeat: how often the labels follow one another, for a batch of so many times as many images
    """
    wanted = indices(label, classifier.classes) * repeat

    def classify(x: ng.Tensor, level: ng.Level) -> ng.Tensor:
        import torch

        if len(wanted) not in (1, len(x)):
            told = f"{len(wanted)} labels for {len(x)} pictures"
            raise ng.NodeError(told, "give one label, or one for each")
        rows = ng.onto(torch.tensor(wanted), x.device).expand(len(x))
        return classifier.logits(x, level).log_softmax(dim=1).gather(1, rows[:, None])[:, 0]

    return classify


@ng.node
def logits(classifier: LabelClassifier, latent: ng.Latent) -> ng.Tensor:
    """What a classifier says of clean pictures, before the softmax: [batch, classes]."""
    import torch

    with torch.no_grad():
        return torch.cat(
            [classifier.logits(part, CLEAN) for part in torch.split(_fitting(classifier, latent), AT_ONCE)]
        )


@ng.node
def features(classifier: LabelClassifier, latent: ng.Latent) -> ng.Points:
    """What a classifier's logits are a projection of, [batch, channels]: a space to compare sets of pictures in."""
    import torch

    module: Any = classifier.network.weights.module()
    weight = next(module.parameters())
    t = classifier.network.process.at_log_snr(math.inf).t
    with torch.no_grad():
        parts = [
            module.features(part.to(weight), torch.full((len(part),), t, device=weight.device)).float()
            for part in torch.split(_fitting(classifier, latent), AT_ONCE)
        ]
    return ng.Points(torch.cat(parts))


CLEAN = ng.Level(0.0, 1.0, 0.0)


def _fitting(classifier: LabelClassifier, latent: ng.Latent) -> ng.Latent:
    if tuple(latent.shape[1:]) != classifier.shape:
        found, wanted = (" x ".join(map(str, shape)) for shape in (latent.shape[1:], classifier.shape))
        raise ng.NodeError(f"pictures of {found}: the classifier knows {wanted}", "wire the model's own latents")
    return latent


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [load, log_probability, logits, features]
