"""Guidance agrees with the published implementations: their trajectories, gradients and thresholds."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes.guidance.cfg import cfg, cfg_w
from noisegraph.nodes.guidance.classifier import classifier, classifier_mean
from noisegraph.nodes.guidance.clip import CLEAN, clip, on_data, similarity
from noisegraph.nodes.guidance.threshold import clamp, dynamic_threshold
from noisegraph.nodes.samplers.ddim import ddim, ddpm
from noisegraph.nodes.samplers.dpm_fast import dpm_fast
from noisegraph.nodes.samplers.dpm_multistep import dpm_multistep
from noisegraph.nodes.samplers.dpmpp import dpmpp_2m
from noisegraph.nodes.samplers.edm import heun
from noisegraph.nodes.samplers.pndm import plms
from noisegraph.nodes.samplers.unipc import unipc
from noisegraph.testing.mixture import Mixture

from .golden import Case, Params, agree, cases, load, mixture, needs_golden, solve
from .test_golden_dpm import corrected


def having(name: str) -> Any:
    return lambda params: params.get(name) is not None


def of_class(model: Mixture, component: int) -> ng.Classifier:
    """log p(component | x_t), differentiated by autograd."""
    return lambda x, level: model.class_log_probabilities(x, level)[:, component]


def guided_by_class(case: Case, denoiser: ng.Denoiser) -> ng.Denoiser:
    """The case's guidance, in the mechanism that it names."""
    asked = case.params["classifier"]
    pull = of_class(case.model, asked["cls"])
    if "condition_mean" in asked.get("where", ""):
        return classifier_mean(denoiser, pull, case.levels, scale=asked["scale"])
    return classifier(denoiser, pull, scale=asked["scale"])


def parts(case: Case) -> tuple[ng.Denoiser, ng.Denoiser, float]:
    asked = case.params["cfg"]
    return case.model.denoiser(asked["cls"]), case.model.denoiser(), asked["scale"]


@pytest.mark.parametrize("case", cases("guided_diffusion", "ddpm_ancestral", having("classifier")))
def test_classifier_guidance_of_the_mean_walks_as_guided_diffusion(case: Case) -> None:
    plain = case.model.denoiser()
    solved = solve(case, ddpm(), denoiser=guided_by_class(case, plain))
    # The reference moves the mean and stores the data as they were; ours are the data that move the mean as far.
    unmoved = [plain(x, level) for x, level in zip(solved.trajectory[:-1], case.levels, strict=False)]
    agree(case, solved, predicted=unmoved)


@pytest.mark.parametrize("case", cases("guided_diffusion", "ddim", having("classifier")))
def test_classifier_guidance_of_the_noise_walks_as_guided_diffusion(case: Case) -> None:
    agree(case, solve(case, ddim(), denoiser=guided_by_class(case, case.model.denoiser())))


CLIP_SCALE = 5.0
"""What the stored gradients are multiplied by."""


class Embedding:
    """The cases' encoder of pictures: tanh(W x), whose cosine with e is the similarity."""

    def __init__(self, weight: torch.Tensor) -> None:
        self.weight = weight

    def __call__(self, x: torch.Tensor, level: ng.Level) -> torch.Tensor:
        return torch.tanh(x @ self.weight.T)


@pytest.mark.parametrize("case", cases("clip_guidance"))
def test_clip_guidance_walks_as_guided_diffusion_with_its_gradient(case: Case) -> None:
    asked = case.params["clip_guidance"]
    plain = case.model.denoiser()
    encoder, text = Embedding(case.tensor("W")), ng.Points(case.tensor("e")[None])
    wanted = similarity(encoder, text)
    if asked["input"].startswith("x0hat"):
        wanted = on_data(wanted, plain)
    if asked["applied"] == "condition_mean":
        guided = classifier_mean(plain, wanted, case.levels, scale=asked["scale"])
        agree(case, solve(case, ddpm(), denoiser=guided))
    else:
        agree(case, solve(case, ddim(), denoiser=classifier(plain, wanted, scale=asked["scale"])))


@pytest.mark.parametrize("case", cases("clip_guidance", "ddim", lambda p: "noised" in p["clip_guidance"]["input"]))
def test_the_clip_node_is_classifier_guidance_by_the_similarity(case: Case) -> None:
    encoder, text = Embedding(case.tensor("W")), ng.Points(case.tensor("e")[None])
    guided = clip(case.model.denoiser(), encoder, text, scale=case.params["clip_guidance"]["scale"])
    agree(case, solve(case, ddim(), denoiser=guided))


@needs_golden
def test_the_gradients_of_the_similarity_are_the_stored_ones() -> None:
    stored = {name: torch.from_numpy(load("theory.npz")[f"clip/{name}"]) for name in ("W", "e", "x", "grad_noised")}
    through = torch.from_numpy(load("theory.npz")["clip/grad_x0hat"])
    alpha, sigma = load("theory.npz")["clip/alpha_sigma"]
    level = ng.Level(0.5, float(alpha), float(sigma))
    noised = similarity(Embedding(stored["W"]), ng.Points(stored["e"][None]))
    predicted = on_data(noised, mixture("A2").denoiser())
    for wanted, gradient in ((noised, stored["grad_noised"]), (predicted, through)):
        found = CLIP_SCALE * ng.class_gradient(wanted, stored["x"], level)
        torch.testing.assert_close(found, gradient, rtol=0, atol=1e-9)


@needs_golden
@pytest.mark.parametrize("name", ["A2", "B8", "O2"])
@pytest.mark.parametrize("schedule", ["linear", "scaled_linear", "cosine", "sigmoid"])
def test_class_gradients_are_the_exact_ones_at_every_level(name: str, schedule: str) -> None:
    theory = load("theory.npz")
    part = {key: torch.from_numpy(theory[f"param/{name}/{schedule}/{key}"]) for key in ("x", "alpha", "sigma")}
    exact = torch.from_numpy(theory[f"param/{name}/{schedule}/class_grad"])
    for row, (alpha, sigma) in enumerate(zip(part["alpha"].tolist(), part["sigma"].tolist(), strict=True)):
        for component in range(len(exact)):
            pull = of_class(mixture(name), component)
            found = ng.class_gradient(pull, part["x"][row : row + 1], ng.Level(0.0, alpha, sigma))
            bound = 1e-9 * max(1.0, float(exact[component, row].abs().max()))
            torch.testing.assert_close(found[0], exact[component, row], rtol=0, atol=bound)


@pytest.mark.parametrize("case", cases("ldm_repo", "ddim", having("cfg")))
@pytest.mark.parametrize("by_w", [False, True], ids=["scale", "w"])
def test_classifier_free_guidance_walks_as_latent_diffusion(case: Case, by_w: bool) -> None:
    toward, away, scale = parts(case)
    denoiser = cfg_w(toward, away, w=scale - 1) if by_w else cfg(toward, away, scale=scale)
    agree(case, solve(case, ddim(eta=case.params["eta"]), denoiser=denoiser))


@pytest.mark.parametrize("case", cases("k_diffusion", "dpmpp_2m", having("cfg")))
def test_classifier_free_guidance_walks_as_k_diffusion_by_dpmpp_2m(case: Case) -> None:
    toward, away, scale = parts(case)
    agree(case, solve(case, dpmpp_2m(), denoiser=cfg(toward, away, scale=scale)))


@pytest.mark.parametrize("case", cases("k_diffusion", "heun", having("cfg")))
def test_classifier_free_guidance_walks_as_k_diffusion_by_heun(case: Case) -> None:
    toward, away, scale = parts(case)
    agree(case, solve(case, heun(), denoiser=cfg(toward, away, scale=scale)))


def told(case: Case) -> ng.Levels:
    """The levels at which diffusers asked the model, and clean data."""
    return case.along([*case.arrays["told_alpha"], 1.0], [*case.arrays["told_sigma"], 0.0])


@pytest.mark.parametrize("case", cases("diffusers", "DDIMScheduler", having("cfg")))
def test_classifier_free_guidance_walks_as_diffusers(case: Case) -> None:
    toward, away, scale = parts(case)
    agree(case, solve(case, ddim(), levels=told(case), denoiser=cfg(toward, away, scale=scale)))


@pytest.mark.parametrize("case", cases("diffusers", "DDIMScheduler", lambda p: bool(p.get("use_clipped_model_output"))))
def test_static_thresholding_walks_as_diffusers_with_clipped_noise(case: Case) -> None:
    agree(case, solve(case, ddim(), levels=told(case), denoiser=clamp(case.model.denoiser())))


def thresholding(params: Params) -> bool:
    return bool(params["config"].get("thresholding"))


def by_threshold(case: Case) -> ng.Denoiser:
    """Diffusers' dynamic thresholding, as the case's configuration has it."""
    asked = case.params["config"]
    return dynamic_threshold(
        case.model.denoiser(), quantile=asked["dynamic_thresholding_ratio"], most=asked["sample_max_value"]
    )


def keeps_noise(params: Params) -> bool:
    """DDIM that brings the data into a range, and takes the noise from the data before."""
    return bool(params["config"].get("clip_sample") or thresholding(params)) and not params.get(
        "use_clipped_model_output"
    )


@pytest.mark.parametrize("case", cases("diffusers", "DDIMScheduler", keeps_noise))
def test_thresholding_walks_as_diffusers_with_the_noise_as_it_was(case: Case) -> None:
    bounded = by_threshold(case) if thresholding(case.params) else clamp(case.model.denoiser())
    agree(case, solve(case, ddim(reference="diffusers"), levels=told(case), denoiser=bounded))


@pytest.mark.parametrize("case", cases("diffusers", "DPMSolverMultistepScheduler", having("cfg")))
def test_classifier_free_guidance_walks_as_diffusers_by_dpmpp_2m(case: Case) -> None:
    toward, away, scale = parts(case)
    agree(case, solve(case, dpmpp_2m(), levels=told(case), denoiser=cfg(toward, away, scale=scale)))


@pytest.mark.parametrize("case", cases("diffusers", "DDPMScheduler", thresholding))
def test_dynamic_thresholding_walks_as_diffusers_by_ddpm(case: Case) -> None:
    agree(case, solve(case, ddpm(), levels=told(case), denoiser=by_threshold(case)))


@pytest.mark.parametrize("case", cases("diffusers", "DPMSolverMultistepScheduler", thresholding))
def test_dynamic_thresholding_walks_as_diffusers_by_dpmpp_2m(case: Case) -> None:
    agree(case, solve(case, dpmpp_2m(), levels=told(case), denoiser=by_threshold(case)))


@pytest.mark.parametrize("case", cases("diffusers", "DDPMScheduler", lambda p: p["config"].get("clip_sample") is True))
def test_static_thresholding_walks_as_diffusers_by_ddpm(case: Case) -> None:
    agree(case, solve(case, ddpm(), levels=told(case), denoiser=clamp(case.model.denoiser())))


def guided(case: Case) -> ng.Denoiser:
    """The case's guidance of every kind, by the nodes."""
    denoiser = case.model.denoiser()
    if case.params.get("cfg"):
        toward, away, scale = parts(case)
        denoiser = cfg(toward, away, scale=scale)
    if case.params.get("classifier"):
        denoiser = guided_by_class(case, denoiser)
    if threshold := case.params.get("dynamic_threshold"):
        denoiser = dynamic_threshold(denoiser, quantile=threshold["ratio"], least=threshold["max_val"])
    return denoiser


def by_method(method: str) -> Any:
    kinds = {"cfg", "classifier", "dynamic_threshold"}
    return lambda params: params["method"] == method and bool(kinds & set(params))


@pytest.mark.parametrize("case", cases("dpm_solver", where=by_method("multistep")))
def test_guidance_walks_as_dpm_solvers_by_its_multistep_method(case: Case) -> None:
    form = "eps" if case.params["algorithm"] == "dpmsolver" else "x0"
    sampler = dpm_multistep(order=2, prediction=form, lower_order_final=10, reference="dpm_solver")
    assert case.params["order"] == 2
    agree(case, solve(case, sampler, denoiser=guided(case)))


@pytest.mark.parametrize("case", cases("dpm_solver", where=by_method("singlestep")))
def test_guidance_walks_as_dpm_solvers_by_its_singlestep_method(case: Case) -> None:
    form = "eps" if case.params["algorithm"] == "dpmsolver" else "x0"
    alphas, sigmas = case.arrays["evals"].T
    end = case.levels[len(case.levels) - 1]
    asked = case.along([*alphas, end.alpha], [*sigmas, end.sigma])
    sampler = dpm_fast(order=case.params["order"], prediction=form)
    solved = solve(case, sampler, levels=asked, denoiser=guided(case))
    outer = accumulate((int(order) for order in case.arrays["orders"]), initial=0)
    agree(case, solved, trajectory=[solved.trajectory[index] for index in outer])


@pytest.mark.parametrize("case", cases("unipc_repo", where=having("cfg")))
def test_classifier_free_guidance_walks_as_unipc(case: Case) -> None:
    sampler = unipc(order=2, variant="b2", lower_order_final=1000, reference="published")
    solved = solve(case, sampler, denoiser=guided(case))
    agree(case, solved, trajectory=corrected(solved))


@pytest.mark.parametrize("case", cases("ldm_repo", "plms", having("cfg")))
def test_classifier_free_guidance_walks_as_latent_diffusion_by_plms(case: Case) -> None:
    agree(case, solve(case, plms(), denoiser=guided(case)))


def clipped(params: Params) -> bool:
    return params.get("clip_x0") is not None


@pytest.mark.parametrize("case", cases("guided_diffusion", "ddim", clipped))
def test_static_thresholding_walks_as_guided_diffusion_by_ddim(case: Case) -> None:
    low, high = case.params["clip_x0"]
    agree(case, solve(case, ddim(), denoiser=clamp(case.model.denoiser(), low=low, high=high)))


@pytest.mark.parametrize("case", cases("guided_diffusion", "ddpm_ancestral", clipped))
def test_static_thresholding_walks_as_guided_diffusion_by_ddpm(case: Case) -> None:
    low, high = case.params["clip_x0"]
    variance = "large" if case.params["variance"] == "FIXED_LARGE" else "small"
    agree(case, solve(case, ddpm(variance=variance), denoiser=clamp(case.model.denoiser(), low=low, high=high)))


@pytest.mark.parametrize("case", cases("guided_diffusion", "ddim", having("dynamic_threshold")))
def test_dynamic_thresholding_walks_as_guided_diffusion(case: Case) -> None:
    asked = case.params["dynamic_threshold"]
    denoiser = dynamic_threshold(case.model.denoiser(), quantile=asked["ratio"], least=asked["max_val"])
    agree(case, solve(case, ddim(), denoiser=denoiser))


@needs_golden
@pytest.mark.parametrize("quantile", ["0.5", "0.9", "0.995"])
@pytest.mark.parametrize(
    ("rule", "least", "most"),
    [("imagen_p{}", 1.0, None), ("diffusers_p{}_smax1.5", 1.0, 1.5), ("dpmsolver_p{}_maxval0.8", 0.8, None)],
)
def test_thresholds_are_the_stored_ones(quantile: str, rule: str, least: float, most: float | None) -> None:
    theory = load("theory.npz")
    x0 = torch.from_numpy(theory["threshold/x0"])
    denoiser = dynamic_threshold(lambda x, level: x, quantile=float(quantile), least=least, most=most)
    stored = torch.from_numpy(theory["threshold/" + rule.format(quantile)])
    torch.testing.assert_close(denoiser(x0, CLEAN), stored, rtol=0, atol=1e-12)


@needs_golden
def test_static_clipping_is_the_stored_one() -> None:
    theory = load("theory.npz")
    found = clamp(lambda x, level: x)(torch.from_numpy(theory["threshold/x0"]), CLEAN)
    assert torch.equal(found, torch.from_numpy(theory["threshold/static_clip_1"]))


@needs_golden
@pytest.mark.parametrize("scale", [1.5, 4.0])
def test_for_the_exact_posterior_classifier_free_and_classifier_guidance_are_one(scale: float) -> None:
    model = mixture("A2")
    x = torch.from_numpy(load("theory.npz")["param/A2/linear/x"])
    level = ng.Level(0.0, 0.6, 0.8)
    free = cfg(model.denoiser(1), model.denoiser(), scale=scale)
    by_class = classifier(model.denoiser(), of_class(model, 1), scale=scale)
    torch.testing.assert_close(free(x, level), by_class(x, level), rtol=1e-10, atol=1e-10)
