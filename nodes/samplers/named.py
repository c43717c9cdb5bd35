"""A sampler by its name, for graphs that are run with several: which one it is becomes a parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import noisegraph as ng

from . import (
    ancestral,
    ddim,
    deis,
    dpm2,
    dpm_adaptive,
    dpm_fast,
    dpm_multistep,
    dpmpp,
    dpmpp_sde,
    edm,
    lcm,
    lms,
    pndm,
    restart,
    unipc,
)

SamplerName = Literal[
    "ddim",
    "ddpm",
    "deis",
    "dpm2",
    "dpm2_ancestral",
    "dpm_adaptive",
    "dpm_fast",
    "dpmpp_2m",
    "dpmpp_2m_sde",
    "dpmpp_2s_ancestral",
    "dpmpp_3m",
    "dpmpp_3m_sde",
    "dpmpp_sde",
    "euler",
    "euler_ancestral",
    "heun",
    "ipndm",
    "lcm",
    "lms",
    "plms",
    "pndm",
    "restart",
    "unipc",
]
_MODULES = (
    ancestral, ddim, deis, dpm2, dpm_adaptive, dpm_fast, dpm_multistep, dpmpp, dpmpp_sde, edm, lcm, lms, pndm, restart,
    unipc,
)  # fmt: skip
_MADE: Mapping[str, Callable[[], ng.Sampler]] = {node.__name__: node for module in _MODULES for node in module.NODES}


@ng.node(early=True)
def named(*, name: SamplerName = "dpmpp_2m") -> ng.Sampler:
    """The sampler of a name, so that a run or a sweep may choose; as it is without parameters of its own.

    name: the node that it is otherwise, without `sampler.`
    """
    return _MADE[name]()


NODES = (named,)
