"""Every built-in grid keeps the contract of levels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import noisegraph as ng
from noisegraph.registry import Registry
from noisegraph.testing.levels import LevelsContract

GRIDS = {
    spec.full_name: spec
    for plugin in Registry.installed().plugins()
    if plugin.distribution == "noisegraph"
    for spec in plugin.nodes.values()
    if spec.output is ng.Levels and "process" in spec.ports and "steps" in spec.ports
}
OF_MIXED_UNITS = [ng.DiscreteVP(), ng.ContinuousVP(), ng.SubVP(), ng.GeometricVE(), ng.EDM()]
CLAIMS: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "levels.align_your_steps": tuple({"options": {"family": family}} for family in ("sd1", "sdxl")),
    "levels.beta": ({}, {"options": {"end": "sigma_min", "a": 2.0}}),
    "levels.exponential": ({}, {"options": {"end": "sigma_min"}}),
    "levels.karras": ({}, {"options": {"end": "sigma_min", "rho": 3.0}}),
    "levels.log_snr": ({}, {"options": {"end": "data"}}),
    "levels.named": tuple({"options": {"name": name}} for name in ("karras", "simple", "trailing")),
    "levels.normal": ({}, {"options": {"end": "sigma_min"}, "processes": [*OF_MIXED_UNITS, ng.Flow(3.0)]}),
    "levels.polyexponential": ({}, {"options": {"rho": 2.0}}),
    "levels.quadratic": ({}, {"options": {"reach": 1.0, "end": "sigma_min"}}),
    "levels.sgm_uniform": ({"processes": [*OF_MIXED_UNITS, ng.Flow(3.0)]},),
    "levels.simple": ({"processes": [*OF_MIXED_UNITS, ng.Flow(3.0)]},),
    "levels.uniform": (
        *(
            {"options": {"spacing": spacing, "end": end}, "processes": [*OF_MIXED_UNITS, ng.Flow(3.0)]}
            for spacing in ("leading", "trailing", "linspace")
            for end in ("data", "sigma_min")
        ),
    ),
}


def test_every_built_in_grid_is_held_to_its_contract() -> None:
    assert sorted(CLAIMS) == sorted(GRIDS)


for _name, _rows in CLAIMS.items():
    for _index, _claims in enumerate(_rows):
        _body = {"grid": staticmethod(GRIDS[_name].function), "processes": OF_MIXED_UNITS, **_claims}
        globals()[f"Test_{_name.replace('.', '_')}_{_index}"] = type(f"Test_{_name}", (LevelsContract,), _body)
