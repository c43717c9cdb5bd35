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

CLAIMS: Mapping[str, tuple[Claims, ...]] = {
    "sampler.annealed_langevin": ({"evaluations": 6},),
    "sampler.ddim": ({"order": 1}, {"with": {"eta": 1.0}}),
    "sampler.ddim_inversion": ({"order": 1}, {"with": {"ask": "here"}, "order": 1}),
    "sampler.ddpm": ({}, {"with": {"variance": "large"}}),
    "sampler.deis": tuple({"with": {"order": k}, "order": k + 1} for k in (0, 1, 2, 3)),
    "sampler.deis_rk": tuple({"with": {"order": k}, "order": k, "evaluations": k} for k in (2, 3, 4)),
    "sampler.dpm2": ({"order": 2, "evaluations": 2}, {"with": {"churn": 10.0}, "evaluations": 2}),
    "sampler.dpm2_ancestral": ({"evaluations": 2},),
    "sampler.dpm_adaptive": ({"evaluations": 3, "few": 60, "couples": True, "waits": True},),
    "sampler.dpm_fast": ({"evaluations": 3},),
    "sampler.dpm_multistep": (
        *({"with": {"order": k, "prediction": p}, "order": k} for k in (1, 2, 3) for p in ("eps", "x0")),
    ),
    "sampler.dpm_singlestep": (
        *(
            {"with": {"order": k, "prediction": p}, "order": k, "evaluations": k}
            for k in (1, 2, 3)
            for p in ("eps", "x0")
        ),
    ),
    "sampler.dpmpp_2m": ({"order": 2},),
    "sampler.dpmpp_2m_sde": ({},),
    "sampler.dpmpp_2s": ({"order": 2, "evaluations": 2},),
    "sampler.dpmpp_2s_ancestral": ({"evaluations": 2},),
    "sampler.dpmpp_3m": ({"order": 3},),
    "sampler.dpmpp_3m_sde": ({},),
    "sampler.dpmpp_sde": ({"evaluations": 2},),
    "sampler.euler": ({"order": 1}, {"with": {"churn": 10.0}}),
    "sampler.euler_ancestral": ({},),
    "sampler.euler_in_time": ({"order": 1},),
    "sampler.euler_maruyama": ({},),
    "sampler.fon": ({"order": 4, "evaluations": 4},),
    "sampler.heun": ({"order": 2, "evaluations": 2}, {"with": {"churn": 10.0}, "evaluations": 2}),
    "sampler.heun_in_time": ({"order": 2, "evaluations": 2},),
    "sampler.ipndm": ({"order": 2},),
    "sampler.lcm": ({"law_steps": 0},),
    "sampler.lms": tuple({"with": {"order": k}, "order": k, "counts": (80, 160, 320, 640)} for k in (1, 2, 3, 4)),
    "sampler.plms": ({"order": 2, "evaluations": 2},),
    "sampler.pndm": ({"order": 2, "evaluations": 4},),
    # A Langevin step of the size that an image's own score gives it leaves the law alone only in many dimensions.
    "sampler.predictor_corrector": (
        {"evaluations": 2, "law_steps": 0},
        {"with": {"corrector": "annealed"}, "evaluations": 2},
        {
            "with": {"reference": "score_sde"},
            "evaluations": 2,
            "law_steps": 0,
            "couples": True,
            "few": 30,
            "processes": [ng.ContinuousVP()],
        },
    ),
    "sampler.restart": ({"evaluations": 100},),
    "sampler.reverse_diffusion": ({},),
    "sampler.rk45": ({"evaluations": 1000, "couples": True, "waits": True},),
    "sampler.unipc": (
        *({"with": {"order": k, "lower_order_final": 0}, "order": k + 1, "evaluations": 2} for k in (1, 2, 3)),
    ),
}


def contract(name: str, claims: Claims) -> type[SamplerContract]:
    """The contract of one built-in sampler, as its author would write it."""
    told = {key: value for key, value in claims.items() if key != "with"}
    return type(
        f"Test_{name}", (SamplerContract,), {"sampler": SAMPLERS[name].function(**claims.get("with", {})), **told}
    )


def test_every_built_in_sampler_is_held_to_its_contract() -> None:
    assert sorted(CLAIMS) == sorted(SAMPLERS)


for _name, _rows in CLAIMS.items():
    for _claims in _rows:
        _suffix = "_".join(f"{key}_{value}" for key, value in _claims.get("with", {}).items())
        globals()[f"Test_{_name}_{_suffix}".replace(".", "_")] = contract(_name, _claims)
