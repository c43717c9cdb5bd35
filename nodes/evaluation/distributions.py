"""How far a set of pictures is from another, as points of a feature space: Frechet distance, precision and recall."""

from __future__ import annotations

from typing import Annotated

import noisegraph as ng
from pydantic import Field

from .bootstrap import Estimate, Kinds, Resamples, Seed, estimated, mean_of

Nearest = Annotated[int, Field(ge=1, le=100)]


@ng.node
def frechet(
    found: ng.Points, wanted: ng.Points, *, kinds: Kinds = 1, resamples: Resamples = 200, seed: Seed = 0
) -> Estimate:
    """The Frechet distance of two sets of features as Gaussians: the FID, with Inception's (Heusel et al. 2017, eq. 6).

    found: features of what a model has drawn, [pictures, dimensions].
    wanted: features of data.
    kinds: how many were drawn in turn, as labels that label.encode repeats: each resample has as many of each.
    resamples: of the bootstrap.
    seed: of the bootstrap.
    """
    _alike(found, wanted)
    samples = [part.detach().cpu().double() for part in (found, wanted)]
    distance = estimated(frechet_distance, samples, resamples, seed, (kinds, 1))
    return distance._replace(low=max(distance.low, 0.0))


def frechet_distance(found: ng.Tensor, wanted: ng.Tensor) -> float:
    """|m - m'|^2 + tr(S + S' - 2 (S S')^(1/2)), the means and covariances of the rows of float64 tensors."""
    import torch

    means, spreads = zip(*((part.mean(0), torch.atleast_2d(part.T.cov())) for part in (found, wanted)), strict=True)
    values, vectors = torch.linalg.eigh(spreads[0])
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    # The eigenvalues of S S' are those of the symmetric S^(1/2) S' S^(1/2).
    common = torch.linalg.eigvalsh(root @ spreads[1] @ root).clamp(min=0).sqrt().sum()
    return float((means[0] - means[1]).square().sum() + spreads[0].trace() + spreads[1].trace() - 2 * common)


@ng.node
def precision(
    found: ng.Points, wanted: ng.Points, *, nearest: Nearest = 3, resamples: Resamples = 1000, seed: Seed = 0
) -> Estimate:
    """Which share of what was drawn lies among the data (Kynkäänniemi et al. 2019, eq. 2).

    nearest: a picture of the data covers what is no farther than so many-th of its neighbours.
    resamples: of the bootstrap, over what was drawn.
    seed: of the bootstrap.
    """
    return mean_of(covered(found, wanted, nearest), resamples, seed)


@ng.node
def recall(
    found: ng.Points, wanted: ng.Points, *, nearest: Nearest = 3, resamples: Resamples = 1000, seed: Seed = 0
) -> Estimate:
    """Which share of the data lies among what was drawn (Kynkäänniemi et al. 2019, eq. 2).

    nearest: a drawn picture covers what is no farther than so many-th of its neighbours.
    resamples: of the bootstrap, over the data.
    seed: of the bootstrap.
    """
    return mean_of(covered(wanted, found, nearest), resamples, seed)


def covered(points: ng.Tensor, by: ng.Tensor, nearest: int) -> ng.Tensor:
    """Whether each point lies in one of the balls around `by` that reach to the nearest-th neighbour: bool [points]."""
    import torch

    _alike(points, by)
    if len(by) <= nearest:
        raise ng.NodeError(f"{len(by)} pictures have no {nearest} neighbours each", "give more, or a smaller 'nearest'")
    radii = torch.cdist(by.double(), by.double()).kthvalue(nearest + 1, dim=1).values
    return (torch.cdist(points.double(), by.double()) <= radii).any(dim=1)


def _alike(one: ng.Tensor, other: ng.Tensor) -> None:
    if one.ndim != 2 or one.shape[1:] != other.shape[1:] or min(len(one), len(other)) < 2:
        told = f"features of {tuple(one.shape)} and {tuple(other.shape)}"
        raise ng.NodeError(told, "give two or more rows a set, of one number of dimensions")


NODES = (frechet, precision, recall)
