"""Likelihoods agree with the published implementations and with the exact densities."""

from __future__ import annotations

import math
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.likelihood import flow
from noisegraph.nodes.likelihoods.bound import Term, gathered, prior, term
from noisegraph.nodes.likelihoods.flow import Ends, FlowLikelihood, Reference, flow_loop, flow_of
from noisegraph.nodes.samplers.dormand_prince import Tolerance
from noisegraph.testing.mixture import Mixture

from .golden import Case, cases, close, load, mixture, needs_golden

VARIANCE = {"FIXED_SMALL": "small", "FIXED_LARGE": "large", "LEARNED_RANGE": "learned"}
LINEAR = ng.DiscreteVP("linear", 1000, 0.0001, 0.02)
TIGHT = Tolerance(1e-8, 1e-8, together=False)


class WithVariance:
    """The exact denoiser, clipped if asked, with the cases' learned variance: v(x) = sin 3x in [-1, 1]."""

    def __init__(self, model: Mixture, clipped: bool = False) -> None:
        self.denoiser = model.denoiser()
        self.clipped = clipped

    def __call__(self, x: torch.Tensor, level: ng.Level) -> torch.Tensor:
        return self.predict(x, level).x0

    def predict(self, x: torch.Tensor, level: ng.Level) -> ng.Predicted:
        x0 = self.denoiser(x, level)
        return ng.Predicted(x0.clamp(-1, 1) if self.clipped else x0, (torch.sin(3 * x) + 1) / 2)


def at_indices(times: Any) -> ng.Levels:
    """The linear process at these indices, then clean data."""
    return ng.Levels((*(LINEAR.level(float(t)) for t in times), LINEAR.level(-1)), LINEAR)


@pytest.mark.parametrize("case", cases("guided_diffusion", "vlb_bpd"))
def test_the_bound_is_guided_diffusions_term_by_term(case: Case) -> None:
    levels = at_indices(case.arrays["grid_t"])
    data, noise = case.tensor("x0"), case.tensor("noise")
    denoiser = WithVariance(case.model, case.params["clip_x0"])
    variance = VARIANCE[case.params["variance"]]
    found = [term(denoiser, data, levels, index, noise[index], variance) for index in range(levels.steps)]
    stacked = Term(*(torch.stack(parts, 1) for parts in zip(*found, strict=True)))
    bound = gathered(stacked, prior(data, levels[0]), "bits", data[0].numel())
    for ours, name in zip(bound, ("x_final", "prior_bpd", "vb", "xstart_mse", "eps_mse"), strict=True):
        close(case, ours, name)


@pytest.mark.parametrize("case", cases("guided_diffusion", "training_loss"))
def test_training_losses_are_guided_diffusions(case: Case) -> None:
    levels = at_indices(range(999, -1, -1))
    variance = VARIANCE[case.params["variance"]]
    denoiser = WithVariance(case.model)
    losses, errors, bits = [], [], []
    for x0, noise, t in zip(case.tensor("x0"), case.tensor("noise"), case.tensor("t"), strict=True):
        found = term(denoiser, x0[None], levels, 999 - int(t), noise[None], variance)
        errors.append(found.eps_error)
        bits.append(found.nats / (len(x0) * math.log(2)))
        loss = found.eps_error + (bits[-1] if variance == "learned" else 0)
        losses.append(bits[-1] * (1000 if "RESCALED" in case.params["loss"] else 1) if "KL" in case.id else loss)
    close(case, torch.cat(losses), "x_final")
    if "mse" in case.arrays:
        close(case, torch.cat(errors), "mse")
    if "vb" in case.arrays:
        close(case, torch.cat(bits), "vb")


PROCESSES: dict[str, Any] = {
    "vp": lambda t_min: ng.ContinuousVP(0.1, 20.0, t_min),
    "subvp": lambda t_min: ng.SubVP(0.1, 20.0, t_min),
    "ve": lambda t_min: ng.GeometricVE(0.01, 50.0, t_min),
}


def likelihood(
    model: Mixture,
    data: torch.Tensor,
    process: ng.Process,
    probes: torch.Tensor | None,
    tolerance: Tolerance = TIGHT,
    reference: Reference | None = None,
) -> FlowLikelihood:
    ends = Ends.of(process)
    flowing = flow_of(process, ends, reference)
    return flow_loop(model.denoiser(), ng.Latent(data), flowing, ends, probes, tolerance).run()


@pytest.mark.parametrize("case", cases("score_sde", "likelihood_bpd"))
def test_estimated_likelihoods_are_those_of_score_sde(case: Case) -> None:
    process = PROCESSES[case.meta["space"]](case.params["eps"])
    data, probes = case.tensor("x0"), case.tensor("hutchinson_v")[None]
    found = likelihood(case.model, data, process, probes)
    close(case, found.bits, "bpd_tight")
    loose = Tolerance(case.params["rtol"], case.params["rtol"], together=True)
    as_published = likelihood(case.model, data, process, probes, loose, "score_sde")
    close(case, as_published.bits, "x_final")
    close(case, as_published.latent, "z")


@pytest.mark.parametrize("case", cases("k_diffusion", "likelihood"))
def test_estimated_likelihoods_are_those_of_k_diffusion(case: Case) -> None:
    process = ng.EDM(case.params["sigma_min"], case.params["sigma_max"])
    found = likelihood(case.model, case.tensor("x0"), process, case.tensor("hutchinson_v")[None])
    close(case, found.log_density, "x_final")


@needs_golden
@pytest.mark.parametrize("name", ["A2", "G2", pytest.param("B8", marks=pytest.mark.slow)])
@pytest.mark.parametrize("sde", ["vp", pytest.param("subvp", marks=pytest.mark.slow), "ve"])
@pytest.mark.parametrize("eps", [1e-5, pytest.param(1e-3, marks=pytest.mark.slow)])
def test_exact_likelihoods_are_the_stored_ones(name: str, sde: str, eps: float) -> None:
    theory = load("theory.npz")
    data = torch.from_numpy(theory[f"nll/{name}/x0"])
    stored = {key: torch.from_numpy(theory[f"nll/{name}/{sde}/eps{eps:g}/{key}"]) for key in ("logp_ode", "zT")}
    found = likelihood(mixture(name), data, PROCESSES[sde](eps), None)
    torch.testing.assert_close(found.log_density, stored["logp_ode"], rtol=0, atol=1e-6)
    torch.testing.assert_close(found.latent, stored["zT"], rtol=1e-6, atol=1e-6)


@needs_golden
@pytest.mark.parametrize(
    "name", ["A2", pytest.param("G2", marks=pytest.mark.slow), "O2", pytest.param("B8", marks=pytest.mark.slow)]
)
def test_exact_likelihoods_are_the_mixtures_density_to_a_thousandth_nat(name: str) -> None:
    model = mixture(name)
    process = ng.EDM(0.002, 20_000.0)
    data = ng.Latent(model.sample(16, seed=3))
    found = flow(model.denoiser(), data, process, rtol=1e-6, atol=1e-6).run()
    exact = model.log_density(data, process.level(process.t_min))
    torch.testing.assert_close(found.log_density, exact, rtol=0, atol=1e-3)
