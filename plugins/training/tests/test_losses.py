"""Losses of denoisers: known answers, and what several ways to the same thing must share."""

from __future__ import annotations

import math
from dataclasses import replace

import noisegraph as ng
import pytest
import torch
from noisegraph.registry import Registry
from noisegraph_training.batches import Batch, noisy_batch
from noisegraph_training.denoisers import ddpm
from noisegraph_training.denoising import spread
from noisegraph_training.examples import Examples, Schedule, Trained
from noisegraph_training.objective import loss_of, min_snr_loss, predicted_data, simple_loss, target
from noisegraph_training.settings import Precision
from noisegraph_training.variational import bound_loss, reverse_of
from torch import Tensor, nn

PROCESS = ng.DiscreteVP("cosine", 50)
LEVELS = spread(PROCESS, 50)
PREDICTIONS: tuple[ng.Prediction, ...] = ("eps", "x0", "v", "score", "flow")
DATA = (torch.arange(6 * 4).view(6, 1, 2, 2) * 37 % 256) / 127.5 - 1


def batch_at(step: int, size: int = 6) -> Batch:
    """A batch whose items all lie at one of the levels."""
    made = noisy_batch(DATA, [LEVELS[step]], size, 0.0, 0, 0)
    return made._replace(step=torch.full((size,), step))


def with_data(x0: Tensor, batch: Batch, prediction: ng.Prediction) -> Tensor:
    """What a network would put out that takes x0 for the data."""
    noise = (batch.x - batch.alpha * x0) / batch.sigma
    return target(batch._replace(data=x0, noise=noise), prediction)


@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_the_data_that_an_output_stands_for_are_those_that_it_was_made_from(prediction: ng.Prediction) -> None:
    batch = batch_at(20)
    x0 = batch.data.flip(0)
    found = predicted_data(with_data(x0, batch, prediction), batch, prediction)
    torch.testing.assert_close(found, x0, rtol=0, atol=1e-4)


def test_the_simple_loss_of_a_score_is_that_of_its_noise() -> None:
    batch = batch_at(20)
    x0 = batch.data.flip(0)
    one, other = (simple_loss(with_data(x0, batch, kind), batch, kind) for kind in ("score", "eps"))
    torch.testing.assert_close(one, other)


@pytest.mark.parametrize("step", [2, 30, 48])
def test_min_snr_weighs_the_error_of_the_data_alike_for_every_prediction(step: int) -> None:
    batch = batch_at(step)
    x0 = batch.data.flip(0)
    wanted = min(math.exp(LEVELS[step].log_snr), 5) * (x0 - batch.data).square().mean()
    for prediction in PREDICTIONS:
        found = min_snr_loss(with_data(x0, batch, prediction), batch, prediction)
        torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-6, msg=prediction)


@pytest.mark.parametrize("variance", ["small", "large", "learned"])
def test_the_bound_of_all_levels_is_the_one_that_likelihood_bound_measures(variance: str) -> None:
    """At the noise of the batch, each of the terms is what the node computes for the same noise and level."""
    fraction = {"small": 0.0, "large": 1.0, "learned": 0.3}[variance]
    reverse = reverse_of(LEVELS)
    grid = ng.Levels((*reversed(LEVELS), ng.Level(0.0, 1.0, 0.0)), PROCESS)
    total = torch.zeros(6)
    for index in range(50):
        step = 49 - index
        noise = ng.normal(range(6), DATA, "bound", index)
        level = LEVELS[step]
        alpha, sigma = (torch.full((6, 1, 1, 1), value) for value in (level.alpha, level.sigma))
        rows, steps = torch.arange(6), torch.full((6,), step)
        batch = Batch(alpha * DATA + sigma * noise, DATA, noise, steps.float(), alpha, sigma, steps, rows)
        for item in range(6):
            one = Batch(*(part[item : item + 1] for part in batch))
            output = torch.cat([one.x / 2, torch.full_like(one.x, 2 * fraction - 1)], dim=1)
            total[item] += bound_loss(output, one, "x0", reverse) / 50

    class Halves:
        def __call__(self, x: Tensor, level: ng.Level) -> Tensor:
            return x / 2

        def predict(self, x: Tensor, level: ng.Level) -> ng.Predicted:
            return ng.Predicted(x / 2, torch.full_like(x, fraction))

    loop = Registry.installed().spec("likelihood.bound").function(Halves(), DATA, grid, variance="learned", seed=0)
    state = loop.start()
    for index in range(loop.total):
        state = loop.step(state, index)
    measured = loop.finish(state)
    torch.testing.assert_close(total, measured.total - measured.prior, rtol=1e-3, atol=1e-3)


def test_the_bound_teaches_more_variance_where_the_data_are_far_off_and_less_where_they_are_right() -> None:
    batch, reverse = batch_at(25), reverse_of(LEVELS)
    raw = torch.zeros_like(batch.x, requires_grad=True)
    off = batch.data + 20
    loss = bound_loss(torch.cat([off, raw], dim=1), batch, "x0", reverse)
    loss.backward()
    assert raw.grad is not None
    assert (raw.grad < 0).all()
    (right,) = torch.autograd.grad(bound_loss(torch.cat([batch.data, raw], dim=1), batch, "x0", reverse), raw)
    assert (right > 0).all()


def test_the_hybrid_loss_teaches_the_mean_nothing_but_the_simple_loss() -> None:
    batch = batch_at(25)
    mean = batch.data.flip(0).requires_grad_()
    raw = torch.zeros_like(batch.x)
    loss_of("hybrid", "x0", LEVELS)(torch.cat([mean, raw], dim=1), batch).backward()
    (wanted,) = torch.autograd.grad(simple_loss(mean, batch, "x0"), mean)
    torch.testing.assert_close(mean.grad, wanted)


class Line(nn.Module):
    """One weight for each number, and dropout that is never on: its gradient is that of a mean over the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 4)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        return self.inner(x.flatten(1)).view(x.shape)  # type: ignore[no-any-return]


EXAMPLES = Examples(ng.Latent(DATA), torch.zeros(6, dtype=torch.int64), 1, "", "")
SHORT = Schedule(iterations=1, batch=3, per_step=1, warmup=1)


def stepped(schedule: Schedule) -> Tensor:
    """The average gradient of the first update, which Adam keeps a tenth of."""
    loop: ng.Loop[Trained] = ddpm(EXAMPLES, ng.Architecture(Line), PROCESS, schedule, drop_label=None, levels=50)
    found: Tensor = loop.step(loop.start(), 0).mean
    return found


def test_an_update_of_several_batches_takes_the_mean_of_their_gradients() -> None:
    loop: ng.Loop[Trained] = ddpm(EXAMPLES, ng.Architecture(Line), PROCESS, SHORT, drop_label=None, levels=50)
    start = loop.start()
    module = Line()
    nn.utils.vector_to_parameters(start.parameters, module.parameters())
    gradients = []
    for part in (0, 1):
        batch = noisy_batch(DATA, LEVELS, 3, 0.0, 0, part)
        loss = simple_loss(module(batch.x, batch.t), batch, "eps")
        gradients.append(nn.utils.parameters_to_vector(torch.autograd.grad(loss, list(module.parameters()))))
    mean = (gradients[0] + gradients[1]) / 2
    wanted = 0.1 * mean / max(1.0, float(mean.norm()))
    torch.testing.assert_close(stepped(replace(SHORT, accumulate=2)), wanted, rtol=1e-4, atol=1e-6)


def test_a_network_without_a_variance_is_told_to_have_one() -> None:
    loop = ddpm(EXAMPLES, ng.Architecture(Line), PROCESS, SHORT, drop_label=None, loss="hybrid", levels=50)
    with pytest.raises(ng.NodeError, match=r"the network puts out \[\d+, 2, 2\] for data"):
        loop.step(loop.start(), 0)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_sixteen_bits_are_near_float32_but_not_the_same_and_parameters_stay_float32(precision: Precision) -> None:
    whole, half = stepped(SHORT), stepped(replace(SHORT, precision=precision))
    assert half.dtype == torch.float32
    assert not torch.equal(whole, half)
    torch.testing.assert_close(half, whole, rtol=0.1, atol=2e-3)


def test_in_float16_an_update_with_gradients_too_large_is_left_out_and_the_loss_is_scaled_by_half() -> None:
    schedule = replace(SHORT, precision="float16", iterations=2)
    loop: ng.Loop[Trained] = ddpm(EXAMPLES, ng.Architecture(Line), PROCESS, schedule, drop_label=None, levels=50)
    start = loop.start()
    begun = start._replace(scaling=torch.tensor([2.0**30, 0.0], dtype=torch.float64))
    left, taken = loop.step(begun, 0), loop.step(start, 0)
    assert torch.equal(left.parameters, start.parameters)
    assert left.scaling.tolist() == [2.0**29, 0]
    assert left.losses.isfinite().all()
    assert not torch.equal(taken.parameters, start.parameters)
    assert taken.scaling.tolist() == [start.scaling[0], 1]
