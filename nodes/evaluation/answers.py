"""What a judge says of pictures, counted: inception score, accuracy, retrieval, and the mean of any figure."""

from __future__ import annotations

import math
from typing import Annotated

import noisegraph as ng
from pydantic import Field

from .bootstrap import Estimate, Kinds, Resamples, Seed, estimated, mean_of

Label = Annotated[int, Field(ge=0)]


@ng.node
def inception_score(logits: ng.Tensor, *, kinds: Kinds = 1, resamples: Resamples = 200, seed: Seed = 0) -> Estimate:
    """exp(mean KL(p(y | x) || p(y))): how sure a classifier is, and of how many classes (Salimans et al. 2016).

    logits: of what was drawn, [pictures, classes]; from 1 to the number of classes.
    kinds: how many were drawn in turn, as labels that label.encode repeats: each resample has as many of each.
    resamples: of the bootstrap.
    seed: of the bootstrap.
    """
    return estimated(score_of, [logits.detach().cpu().double().log_softmax(1)], resamples, seed, (kinds,))


def score_of(log_probabilities: ng.Tensor) -> float:
    """The inception score of log p(y | x), [pictures, classes]."""
    # Not the logarithm of the mean: of classes that are nowhere likely that would be minus infinity.
    marginal = log_probabilities.logsumexp(0) - math.log(len(log_probabilities))
    divergence = (log_probabilities.exp() * (log_probabilities - marginal)).sum(1)
    return float(divergence.mean().exp())


@ng.node
def accuracy(
    logits: ng.Tensor,
    *,
    label: Label | Annotated[list[Label], Field(min_length=1)],
    resamples: Resamples = 1000,
    seed: Seed = 0,
) -> Estimate:
    """Which share of pictures a classifier takes for what they should be.

    logits: [pictures, classes].
    label: the class of all, or a list with one a picture.
    resamples: of the bootstrap.
    seed: of the bootstrap.
    """
    import torch

    wanted = torch.tensor(label, device=logits.device)
    if wanted.ndim and len(wanted) != len(logits):
        raise ng.NodeError(f"{len(wanted)} labels for {len(logits)} pictures", "give one for all, or one each")
    return mean_of(logits.argmax(1) == wanted, resamples, seed)


@ng.node
def retrieval(texts: ng.Points, pictures: ng.Points, *, resamples: Resamples = 1000, seed: Seed = 0) -> Estimate:
    """Which share of texts has its own picture as the nearest of all (Radford et al. 2021).

    texts: embeddings, [texts, dimensions].
    pictures: embeddings; the first ones are those of the texts, in their order, more may follow.
    resamples: of the bootstrap, over the texts.
    seed: of the bootstrap.
    """
    import torch

    if len(texts) > len(pictures):
        raise ng.NodeError(f"{len(texts)} texts for {len(pictures)} pictures", "give each text its picture")
    own = torch.arange(len(texts), device=texts.device)
    return mean_of((texts @ pictures.to(texts).T).argmax(1) == own, resamples, seed)


@ng.node
def mean(values: ng.Tensor, *, resamples: Resamples = 1000, seed: Seed = 0) -> Estimate:
    """The mean of a figure of every picture, such as bits a dimension from `likelihood.bound`.

    values: [pictures].
    resamples: of the bootstrap.
    seed: of the bootstrap.
    """
    if values.ndim != 1 or len(values) < 2:
        raise ng.NodeError(f"values of {tuple(values.shape)} have no interval", "give one a picture, and two or more")
    return mean_of(values, resamples, seed)


NODES = (inception_score, accuracy, retrieval, mean)
