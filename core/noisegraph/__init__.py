"""The names that an author of nodes, graphs and plugins may use; importing this imports no torch."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .node import node as node  # at once: to import the module later would put it in the function's place

if TYPE_CHECKING:
    from .devices import device as device
    from .devices import dtype as dtype
    from .diffusion.brownian import brownian as brownian
    from .diffusion.classifier import Classifier as Classifier
    from .diffusion.classifier import class_gradient as class_gradient
    from .diffusion.denoiser import Conditioned as Conditioned
    from .diffusion.denoiser import Denoiser as Denoiser
    from .diffusion.denoiser import Pieces as Pieces
    from .diffusion.denoiser import acting as acting
    from .diffusion.denoiser import at as at
    from .diffusion.denoiser import eps as eps
    from .diffusion.denoiser import predict as predict
    from .diffusion.denoiser import predict_together as predict_together
    from .diffusion.denoiser import score as score
    from .diffusion.denoiser import together as together
    from .diffusion.denoiser import v as v
    from .diffusion.level import Level as Level
    from .diffusion.level import Levels as Levels
    from .diffusion.level import Process as Process
    from .diffusion.level import at_ratio as at_ratio
    from .diffusion.level import noised as noised
    from .diffusion.network import Network as Network
    from .diffusion.network import Reader as Reader
    from .diffusion.network import Weights as Weights
    from .diffusion.noise import normal as normal
    from .diffusion.noise import seeds_from as seeds_from
    from .diffusion.objectives import denoising_score_matching as denoising_score_matching
    from .diffusion.objectives import explicit_score_matching as explicit_score_matching
    from .diffusion.objectives import implicit_score_matching as implicit_score_matching
    from .diffusion.objectives import sliced_score_matching as sliced_score_matching
    from .diffusion.onto import onto as onto
    from .diffusion.prediction import Predicted as Predicted
    from .diffusion.prediction import Prediction as Prediction
    from .diffusion.prediction import from_x0 as from_x0
    from .diffusion.prediction import to_eps as to_eps
    from .diffusion.prediction import to_x0 as to_x0
    from .diffusion.processes.discrete import DiscreteVP as DiscreteVP
    from .diffusion.processes.exploding import EDM as EDM
    from .diffusion.processes.exploding import GeometricVE as GeometricVE
    from .diffusion.processes.flow import Flow as Flow
    from .diffusion.processes.flow import shift_by_area as shift_by_area
    from .diffusion.processes.flow import shift_by_length as shift_by_length
    from .diffusion.processes.preserving import ContinuousVP as ContinuousVP
    from .diffusion.processes.preserving import SubVP as SubVP
    from .diffusion.sampler import Noise as Noise
    from .diffusion.sampler import Path as Path
    from .diffusion.sampler import Sampler as Sampler
    from .diffusion.sampler import Step as Step
    from .diffusion.sampler import asks_here as asks_here
    from .diffusion.shape import Shape as Shape
    from .errors import GraphError as GraphError
    from .errors import NodeError as NodeError
    from .errors import NoisegraphError as NoisegraphError
    from .errors import PluginError as PluginError
    from .errors import Problem as Problem
    from .extensions import Call as Call
    from .extensions import Caption as Caption
    from .extensions import Describer as Describer
    from .extensions import Executor as Executor
    from .extensions import Importer as Importer
    from .extensions import Making as Making
    from .facts import Facts as Facts
    from .facts import agree as agree
    from .folders import model_folders as model_folders
    from .hookspecs import hookimpl as hookimpl
    from .loop import Loop as Loop
    from .reading.files import digest as digest
    from .reading.files import sha256 as sha256
    from .testing.mixture import Mixture as Mixture
    from .testing.trial import energy_distance as energy_distance
    from .values import Architecture as Architecture
    from .values import Condition as Condition
    from .values import File as File
    from .values import FileKind as FileKind
    from .values import Image as Image
    from .values import Latent as Latent
    from .values import Mask as Mask
    from .values import Points as Points
    from .values import Tensor as Tensor
    from .values import WeightsFile as WeightsFile

_HOMES = {
    "devices": "device dtype",
    "diffusion.brownian": "brownian",
    "diffusion.classifier": "Classifier class_gradient",
    "diffusion.denoiser": "Conditioned Denoiser Pieces acting at eps predict predict_together score together v",
    "diffusion.level": "Level Levels Process at_ratio noised",
    "diffusion.network": "Network Reader Weights",
    "diffusion.noise": "normal seeds_from",
    "diffusion.objectives": (
        "denoising_score_matching explicit_score_matching implicit_score_matching sliced_score_matching"
    ),
    "diffusion.onto": "onto",
    "diffusion.prediction": "Predicted Prediction from_x0 to_eps to_x0",
    "diffusion.processes.discrete": "DiscreteVP",
    "diffusion.processes.exploding": "EDM GeometricVE",
    "diffusion.processes.flow": "Flow shift_by_area shift_by_length",
    "diffusion.processes.preserving": "ContinuousVP SubVP",
    "diffusion.sampler": "Noise Path Sampler Step asks_here",
    "diffusion.shape": "Shape",
    "errors": "GraphError NodeError NoisegraphError PluginError Problem",
    "extensions": "Call Caption Describer Executor Importer Making",
    "facts": "Facts agree",
    "folders": "model_folders",
    "hookspecs": "hookimpl",
    "loop": "Loop",
    "reading.files": "digest sha256",
    "testing.mixture": "Mixture",
    "testing.trial": "energy_distance",
    "values": "Architecture Condition File FileKind Image Latent Mask Points Tensor WeightsFile",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = sorted([*_HOME_OF, "node"])


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'noisegraph' has no attribute '{name}'")
    value = getattr(importlib.import_module(f".{_HOME_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
