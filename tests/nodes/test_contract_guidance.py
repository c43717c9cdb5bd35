"""All built-in guidance keeps its contract: of one denoiser by another, of a single one, and of several in turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import noisegraph as ng
import torch
from noisegraph.nodes import mixture
from noisegraph.nodes.guidance import (
    apg,
    cfg,
    classifier,
    clip,
    compose,
    edit,
    inpaint,
    perp_neg,
    rescale,
    schedule,
    threshold,
)
from noisegraph.registry import Registry
from noisegraph.testing.denoisers import DenoiserContract, SwitchContract
from noisegraph.testing.guidance import LEVELS, GuidanceContract
from noisegraph.testing.mixture import three_clusters

PROCESS = ng.ContinuousVP()
WALKED = ng.Levels(LEVELS, PROCESS)
PLUGIN = next(plugin for plugin in Registry.installed().plugins() if plugin.name == "guide")
CLASS = mixture.classifier(three_clusters(), component=1)


class TestCfg(GuidanceContract):
    guidance = cfg.cfg


class TestCfgOfThePaper(GuidanceContract):
    guidance = cfg.cfg_w
    strong = {"w": 2.0}
    alone = {"w": 0.0}
    away = {"w": -1.0}


class TestAutoguidance(GuidanceContract):
    guidance = cfg.autoguidance


class TestRescaledCfg(GuidanceContract):
    guidance = rescale.rescaled_cfg
    away = None


class TestApg(GuidanceContract):
    guidance = apg.apg
    away = None


class TestCfgSchedule(GuidanceContract):
    guidance = schedule.cfg_schedule
    strong = {"start": 2.0, "end": 4.0}
    alone = {"start": 1.0, "end": 1.0}
    away = {"start": 0.0, "end": 0.0}

    def guide(self, positive: Any, negative: Any, params: Mapping[str, Any]) -> ng.Denoiser:
        return schedule.cfg_schedule(positive, negative, WALKED, **params)


class TestPerpNeg(GuidanceContract):
    guidance = perp_neg.perp_neg
    away = None

    def guide(self, positive: Any, negative: Any, params: Mapping[str, Any]) -> ng.Denoiser:
        return perp_neg.perp_neg(positive, negative, [], weights=[], **params)


class TestCompose(GuidanceContract):
    guidance = compose.compose
    strong = {"scales": [3.0]}
    alone = {"scales": [1.0]}
    away = {"scales": [0.0]}

    def guide(self, positive: Any, negative: Any, params: Mapping[str, Any]) -> ng.Denoiser:
        return compose.compose([positive], negative, **params)


class TestEdit(GuidanceContract):
    guidance = edit.edit
    strong = {"scale": 3.0}

    def guide(self, positive: Any, negative: Any, params: Mapping[str, Any]) -> ng.Denoiser:
        return edit.edit(positive, negative, negative, **params)


class TestMean(GuidanceContract):
    guidance = compose.mean
    strong = {"weights": [3.0, 1.0]}
    alone = {"weights": [1.0, 0.0]}
    away = {"weights": [0.0, 1.0]}

    def guide(self, positive: Any, negative: Any, params: Mapping[str, Any]) -> ng.Denoiser:
        return compose.mean([positive, negative], **params)


class TestRegions(GuidanceContract):
    guidance = compose.regions
    strong = {"covered": 0.5}
    alone = {"covered": 1.0}
    away = {"covered": 0.0}

    def guide(self, positive: Any, negative: Any, params: Mapping[str, Any]) -> ng.Denoiser:
        def denoise(x: torch.Tensor, level: ng.Level) -> torch.Tensor:
            mask = ng.Mask(torch.full((1, 1, *x.shape[2:]), params["covered"]))
            return compose.regions([positive], [mask], negative)(x, level)

        return denoise


class TestClamp(DenoiserContract):
    guidance = threshold.clamp
    strong = {"low": -0.3, "high": 0.4}
    alone = {"low": -100.0, "high": 100.0}


class TestDynamicThreshold(DenoiserContract):
    guidance = threshold.dynamic_threshold
    strong = {"quantile": 0.5, "least": 0.3}
    alone = None


class TestClassifier(DenoiserContract):
    guidance = classifier.classifier

    def guide(self, denoiser: Any, params: Mapping[str, Any]) -> ng.Denoiser:
        return classifier.classifier(denoiser, CLASS, **params)


class TestClassifierOfTheMean(DenoiserContract):
    guidance = classifier.classifier_mean
    levels = LEVELS[:-1]

    def guide(self, denoiser: Any, params: Mapping[str, Any]) -> ng.Denoiser:
        return classifier.classifier_mean(denoiser, CLASS, WALKED, **params)


class TestClassifierOfTheMeanWithALargeVariance(TestClassifierOfTheMean):
    strong = {"scale": 2.0, "variance": "large"}


class TestClassifierOfData(DenoiserContract):
    """The classifier is asked for the data that a denoiser of its own predicts."""

    guidance = classifier.classifier

    def guide(self, denoiser: Any, params: Mapping[str, Any]) -> ng.Denoiser:
        return classifier.classifier(denoiser, clip.on_data(CLASS, three_clusters().denoiser()), **params)


class TestClip(DenoiserContract):
    guidance = clip.clip
    strong = {"scale": 5.0}

    def guide(self, denoiser: Any, params: Mapping[str, Any]) -> ng.Denoiser:
        directions = torch.tensor([[1.0, 0.5], [-0.3, 1.0], [0.2, -0.7]], dtype=torch.float64)
        text = ng.Points(torch.tensor([[0.3, -0.5, 0.8]], dtype=torch.float64))
        return clip.clip(
            denoiser, lambda x, level: torch.tanh(x @ ng.onto(directions, x.device, x.dtype).T), text, **params
        )


class TestInpaint(DenoiserContract):
    guidance = inpaint.inpaint
    strong = {"changes": [[1.0, 0.0]]}
    alone = {"changes": [[1.0, 1.0]]}

    def guide(self, denoiser: Any, params: Mapping[str, Any]) -> ng.Denoiser:
        known = ng.Latent(torch.tensor([[0.2, 0.4]]))
        return inpaint.inpaint(denoiser, known, ng.Mask(torch.tensor(params["changes"])))


class TestInterval(SwitchContract):
    switch = schedule.interval
    params = {"sigma_min": 0.1, "sigma_max": 2.0}


class TestSwitch(SwitchContract):
    switch = schedule.switch

    def make(self, first: Any, second: Any) -> ng.Denoiser:
        return schedule.switch(first, second, WALKED, at=0.5)


class TestBetween(SwitchContract):
    switch = schedule.between

    def make(self, first: Any, second: Any) -> ng.Denoiser:
        return schedule.between(first, second, WALKED, start=0.25, end=0.75)


class TestPrompts(SwitchContract):
    switch = schedule.prompts

    def make(self, first: Any, second: Any) -> ng.Denoiser:
        return schedule.prompts([first, second, first], WALKED, shares=[1.0, 1.0, 2.0])


def test_all_built_in_guidance_is_held_to_a_contract() -> None:
    contracts = [one for one in globals().values() if isinstance(one, type) and one.__module__ == __name__]
    held = {getattr(one, name, None) for one in contracts for name in ("guidance", "switch")}
    makers = {spec.function for spec in PLUGIN.nodes.values() if spec.output is ng.Denoiser}
    assert {node.__name__ for node in makers - held} == set()
    assert len(makers) > 15
