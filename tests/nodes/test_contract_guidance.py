"""Guidance of one denoiser by another keeps the contract of guidance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import noisegraph as ng
from noisegraph.nodes.guidance import apg, cfg, compose, perp_neg, rescale, schedule
from noisegraph.testing.guidance import LEVELS, GuidanceContract

PROCESS = ng.ContinuousVP()


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
        return schedule.cfg_schedule(positive, negative, ng.Levels(LEVELS, PROCESS), **params)


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


class TestMean(GuidanceContract):
    guidance = compose.mean
    strong = {"weights": [3.0, 1.0]}
    alone = {"weights": [1.0, 0.0]}
    away = {"weights": [0.0, 1.0]}

    def guide(self, positive: Any, negative: Any, params: Mapping[str, Any]) -> ng.Denoiser:
        return compose.mean([positive, negative], **params)
