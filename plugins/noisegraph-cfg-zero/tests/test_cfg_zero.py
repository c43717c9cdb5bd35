"""CFG-Zero* keeps the contract of guidance, and does the two things that its paper adds to guidance."""

import noisegraph as ng
import pytest
import torch
from diffusers.guiders import ClassifierFreeZeroStarGuidance
from noisegraph.testing.guidance import GuidanceContract
from noisegraph_cfg_zero.star import projection, star

FLOW = ng.Flow()
LEVELS = ng.Levels(tuple(FLOW.level(t) for t in (0.99, 0.6, 0.3, 0.1)), FLOW)


class TestCfgZeroStar(GuidanceContract):
    guidance = star
    away = None


class TestCfgZeroStarOfV(GuidanceContract):
    guidance = star
    strong = {"scale": 3.0, "of": "v"}
    alone = {"scale": 1.0, "of": "v"}
    away = None


def test_the_scale_brings_the_unconditional_velocity_nearest() -> None:
    toward = torch.tensor([[1.0, 2.0], [0.0, 3.0], [1.0, 1.0]])
    away = torch.tensor([[2.0, 4.0], [1.0, 1.0], [0.0, 0.0]])
    assert torch.equal(projection(toward, away), torch.tensor([[0.5], [1.5], [1.0]]))


def test_a_velocity_that_is_a_multiple_of_the_other_is_left_alone() -> None:
    x, level = torch.tensor([[0.5, -1.0]], dtype=torch.float64), LEVELS[1]
    velocity = torch.tensor([[1.0, 2.0]], dtype=torch.float64)

    def moving(speed: float) -> ng.Denoiser:
        return lambda x, level: ng.to_x0(speed * velocity, x, level, "flow")

    guided = star(moving(1.0), moving(0.25), scale=9.0)
    torch.testing.assert_close(guided(x, level), moving(1.0)(x, level))


def test_the_first_steps_stand_still() -> None:
    x = torch.tensor([[0.5, -1.0]], dtype=torch.float64)
    guided = star(lambda x, level: x / 2, lambda x, level: x / 3, LEVELS, zero_steps=2)
    for level, stands in zip(LEVELS, (True, True, False), strict=False):
        still = bool((ng.from_x0(guided(x, level), x, level, "flow").abs() < 1e-12).all())
        assert still == stands


@pytest.mark.parametrize("scale", [1.0, 4.0])
def test_it_guides_as_diffusers(scale: float) -> None:
    x, toward, away = torch.randn(3, 2, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    guider = ClassifierFreeZeroStarGuidance(guidance_scale=scale, zero_init_steps=1)
    for index, level in enumerate(LEVELS):
        guided = star(lambda x, level: toward, lambda x, level: away, LEVELS, scale=scale, zero_steps=1)(x, level)
        velocities = [ng.from_x0(x0, x, level, "flow") for x0 in (toward, away)]
        guider.set_state(step=index, num_inference_steps=len(LEVELS), timestep=torch.tensor(level.t))
        wanted = guider.forward(*velocities).pred
        torch.testing.assert_close(ng.from_x0(guided, x, level, "flow"), wanted, rtol=1e-4, atol=1e-4)


def test_steps_to_stand_still_in_want_levels() -> None:
    with pytest.raises(ng.NodeError, match="without levels"):
        star(lambda x, level: x, lambda x, level: x, zero_steps=1)
