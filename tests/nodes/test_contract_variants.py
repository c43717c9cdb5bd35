"""Built-in samplers keep their contract with other parameters than their defaults, at the orders known of them."""

from __future__ import annotations

from typing import Any

import pytest

from .test_contract_samplers import Claims, contract

QUICK: dict[str, tuple[str, Claims]] = {
    "ddim with noise": ("ddim", {"with": {"eta": 1.0}}),
    "ddpm of large variance": ("ddpm", {"with": {"variance": "large"}}),
    "euler with churn": ("euler", {"with": {"churn": 10.0}}),
    "heun with churn": ("heun", {"with": {"churn": 10.0}, "evaluations": 2}),
    "fast with noise": ("dpm_fast", {"with": {"order": 2, "eta": 1.0}}),
    "adaptive 2-3 on noise": (
        "dpm_adaptive",
        {"with": {"order": 3, "prediction": "eps"}, "evaluations": 3, "couples": True, "waits": True, "few": 100},
    ),
    "unipc 3": ("unipc", {"with": {"order": 3}, "order": 4}),
}
SLOW: dict[str, tuple[str, Claims]] = {
    "singlestep 1": ("dpm_singlestep", {"with": {"order": 1}, "order": 1}),
    "singlestep 2 on noise by heun": (
        "dpm_singlestep",
        {"with": {"order": 2, "prediction": "eps", "solver": "heun"}, "order": 2, "evaluations": 2},
    ),
    "singlestep 3 on noise by heun": (
        "dpm_singlestep",
        {"with": {"order": 3, "prediction": "eps", "solver": "heun"}, "order": 3, "evaluations": 3},
    ),
    "singlestep with noise": ("dpm_singlestep", {"with": {"order": 3, "eta": 1.0}, "evaluations": 3}),
    "fast 2": ("dpm_fast", {"with": {"order": 2}, "order": 2}),
    "adaptive 1-2": (
        "dpm_adaptive",
        {"with": {"order": 2}, "evaluations": 2, "couples": True, "waits": True, "few": 100},
    ),
    "multistep 1": ("dpm_multistep", {"with": {"order": 1}, "order": 1}),
    "multistep 2 on noise": ("dpm_multistep", {"with": {"order": 2, "prediction": "eps"}, "order": 2}),
    "multistep 2 by heun": ("dpm_multistep", {"with": {"solver": "heun"}, "order": 2}),
    "multistep 3 on noise": ("dpm_multistep", {"with": {"order": 3, "prediction": "eps"}, "order": 3}),
    "multistep 3 as diffusers": ("dpm_multistep", {"with": {"order": 3, "reference": "diffusers"}, "order": 2}),
    "multistep 2 on noise with noise": ("dpm_multistep", {"with": {"order": 2, "prediction": "eps", "eta": 1.0}}),
    "3m sde without noise": ("dpmpp_3m_sde", {"with": {"eta": 0.0}, "order": 3}),
    "2s ancestral without noise": ("dpmpp_2s_ancestral", {"with": {"eta": 0.0}, "order": 2, "evaluations": 2}),
    "unipc 1": ("unipc", {"with": {"order": 1}, "order": 2}),
    "unipc 3 varying on noise": (
        "unipc",
        {"with": {"order": 3, "variant": "vary_coeff", "prediction": "eps"}, "order": 4, "counts": (160, 320, 640)},
    ),
    "unipc 2 varying": ("unipc", {"with": {"order": 2, "variant": "vary_coeff"}, "order": 3}),
    "unipc 2 without corrector": ("unipc", {"with": {"order": 2, "uncorrected": 100_000}, "order": 2}),
    "lms 1": ("lms", {"with": {"order": 1}, "order": 1}),
    "lms 2": ("lms", {"with": {"order": 2}, "order": 2}),
    "lms 3": ("lms", {"with": {"order": 3}, "order": 3}),
    "deis 1 in time": ("deis", {"with": {"order": 1}, "order": 2}),
    "deis 2 in time": ("deis", {"with": {"order": 2}, "order": 3, "counts": (80, 160, 320, 640)}),
    "deis 2 in rho": ("deis", {"with": {"variable": "rho", "order": 2}, "order": 3}),
    "deis 2 in log rho": ("deis", {"with": {"variable": "log_rho", "order": 2}, "order": 3}),
    # The lower orders that it begins with decide about the order in the end, which is between 3 and 4.
    "deis 3 in log rho": ("deis", {"with": {"variable": "log_rho", "order": 3}}),
    "deis by runge-kutta 2": ("deis_rk", {"with": {"order": 2}, "order": 2, "evaluations": 2}),
    "deis by runge-kutta 4": ("deis_rk", {"with": {"order": 4}, "order": 4, "evaluations": 4}),
    "dpm2 with churn": ("dpm2", {"with": {"churn": 10.0}, "evaluations": 2}),
    "inversion asking here": ("ddim_inversion", {"with": {"ask": "here"}, "order": 1}),
    "midpoint in time": ("heun_in_time", {"with": {"alpha": 0.5}, "order": 2, "evaluations": 2}),
}


def classes(table: dict[str, tuple[str, Claims]]) -> dict[str, Any]:
    """A test class for each row."""
    return {
        f"Test_{row.replace(' ', '_')}": contract(f"sampler.{name}", claims) for row, (name, claims) in table.items()
    }


globals().update(classes(QUICK))
globals().update({name: pytest.mark.slow(one) for name, one in classes(SLOW).items()})
