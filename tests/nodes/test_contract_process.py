"""Every built-in process keeps the contract of processes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import noisegraph as ng
from noisegraph.registry import Registry
from noisegraph.testing.processes import ProcessContract

PROCESSES = {
    spec.full_name: spec
    for plugin in Registry.installed().plugins()
    if plugin.distribution == "noisegraph"
    for spec in plugin.nodes.values()
    if spec.output is ng.Process
}
ARGUMENTS: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "process.cosine": ({}, {"T": 50}),
    "process.edm": ({},),
    "process.flow": ({}, {"shift": 3.0}, {"shift": 0.5}),
    "process.flow_by_area": ({"like": ng.Shape((16, 128, 64))},),
    "process.flow_by_length": ({"like": ng.Shape((16, 128, 64))},),
    "process.linear": ({}, {"T": 100, "beta_end": 0.2}),
    "process.scaled_linear": ({}, {"zero_snr": True}),
    "process.sigmoid": ({},),
    "process.sub_vp": ({},),
    "process.ve": ({},),
    "process.vp": ({}, {"beta_min": 5.0, "beta_max": 5.0}),
}


def test_every_built_in_process_is_held_to_its_contract() -> None:
    assert sorted(ARGUMENTS) == sorted(PROCESSES)


for _name, _rows in ARGUMENTS.items():
    for _index, _row in enumerate(_rows):
        _body = {"process": PROCESSES[_name].function(**_row)}
        globals()[f"Test_{_name.replace('.', '_')}_{_index}"] = type(f"Test_{_name}", (ProcessContract,), _body)
