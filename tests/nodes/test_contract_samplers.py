"""Every built-in sampler keeps the contract of samplers, at the order that it is known to have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import noisegraph as ng
from noisegraph.registry import Registry
from noisegraph.testing.samplers import SamplerContract

SAMPLERS = {
    spec.full_name: spec
    for plugin in Registry.installed().plugins()
    if plugin.distribution == "noisegraph"
    for spec in plugin.nodes.values()
    if spec.output is ng.Sampler and not any(port.required for port in spec.inputs)
}

Claims = Mapping[str, Any]
"""Parameters of the node under "with", and what the contract is told."""

CLAIMS: Mapping[str, Claims] = {
    "sampler.annealed_langevin": {"evaluations": 6},
    "sampler.ddim": {"order": 1},
    "sampler.ddim_inversion": {"order": 1},
    "sampler.ddpm": {},
    "sampler.deis": {"order": 4},
    "sampler.deis_rk": {"order": 3, "evaluations": 3},
    "sampler.dpm2": {"order": 2, "evaluations": 2},
    "sampler.dpm2_ancestral": {"evaluations": 2},
    "sampler.dpm_adaptive": {"evaluations": 3, "few": 60, "couples": True},
    "sampler.dpm_fast": {"evaluations": 3},
    "sampler.dpm_multistep": {"order": 2},
    "sampler.dpm_singlestep": {"order": 3, "evaluations": 3},
    "sampler.dpmpp_2m": {"order": 2},
    "sampler.dpmpp_2m_sde": {},
    "sampler.dpmpp_2s": {"order": 2, "evaluations": 2},
    "sampler.dpmpp_2s_ancestral": {"evaluations": 2},
    "sampler.dpmpp_3m": {"order": 3},
    "sampler.dpmpp_3m_sde": {},
    "sampler.dpmpp_sde": {"evaluations": 2},
    "sampler.euler": {"order": 1},
    "sampler.euler_ancestral": {},
    "sampler.euler_in_time": {"order": 1},
    "sampler.euler_maruyama": {},
    "sampler.fon": {"order": 4, "evaluations": 4},
    "sampler.heun": {"order": 2, "evaluations": 2},
    "sampler.heun_in_time": {"order": 2, "evaluations": 2},
    "sampler.ipndm": {"order": 2},
    # It is for consistency models: with an exact denoiser it draws expected data, not data.
    "sampler.lcm": {"law_steps": 0},
    "sampler.lms": {"order": 4, "counts": (80, 160, 320, 640)},
    "sampler.named": {"order": 2},
    "sampler.plms": {"order": 2, "evaluations": 2},
    "sampler.pndm": {"order": 2, "evaluations": 4},
    "sampler.predictor_corrector": {"evaluations": 2},
    "sampler.restart": {"evaluations": 100},
    "sampler.reverse_diffusion": {},
    "sampler.rk45": {"evaluations": 1000, "couples": True, "waits": True},
    "sampler.unipc": {"with": {"lower_order_final": 0}, "order": 3, "evaluations": 2},
}


def contract(name: str, claims: Claims) -> type[SamplerContract]:
    """The contract of one built-in sampler, as its author would write it."""
    told = {key: value for key, value in claims.items() if key != "with"}
    return type(
        f"Test_{name}", (SamplerContract,), {"sampler": SAMPLERS[name].function(**claims.get("with", {})), **told}
    )


def test_every_built_in_sampler_is_held_to_its_contract() -> None:
    assert sorted(CLAIMS) == sorted(SAMPLERS)


for _name, _claims in CLAIMS.items():
    globals()[f"Test_{_name}".replace(".", "_")] = contract(_name, _claims)
