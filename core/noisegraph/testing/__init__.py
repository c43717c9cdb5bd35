"""Contracts that plugin authors subclass, and models with exact answers."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .denoisers import DenoiserContract as DenoiserContract
    from .denoisers import SwitchContract as SwitchContract
    from .guidance import GuidanceContract as GuidanceContract
    from .levels import LevelsContract as LevelsContract
    from .mixture import Mixture as Mixture
    from .nodes import NodeContract as NodeContract
    from .processes import ProcessContract as ProcessContract
    from .samplers import SamplerContract as SamplerContract

_HOME_OF = {
    "DenoiserContract": "denoisers",
    "GuidanceContract": "guidance",
    "LevelsContract": "levels",
    "Mixture": "mixture",
    "NodeContract": "nodes",
    "ProcessContract": "processes",
    "SamplerContract": "samplers",
    "SwitchContract": "denoisers",
}
__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'noisegraph.testing' has no attribute '{name}'")
    return getattr(importlib.import_module(f".{_HOME_OF[name]}", __name__), name)
