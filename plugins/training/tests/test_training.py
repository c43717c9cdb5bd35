"""Training as a loop: pure, resumable bit by bit, seeded, and learning what it should."""

from __future__ import annotations

import math
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.store.codecs import decode, encode
from noisegraph_training.batches import noisy_batch
from noisegraph_training.card import weights
from noisegraph_training.data import digits
from noisegraph_training.denoisers import ddpm
from noisegraph_training.descent import descend
from noisegraph_training.examples import Examples, Schedule, Trained
from noisegraph_training.objective import target
from noisegraph_training.state import State, named
from torch import Tensor, nn

PROCESS = ng.DiscreteVP("cosine", 1000)


class Small(nn.Module):
    """A network of a few hundred parameters, with dropout, that is told time and label."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.label = nn.Embedding(3, width)
        self.inner = nn.Sequential(nn.Linear(5, width), nn.SiLU(), nn.Dropout(0.2))
        self.out = nn.Linear(width, 4)

    def forward(self, x: Tensor, t: Tensor, *, y: Tensor) -> Tensor:
        h = self.inner(torch.cat([x.flatten(1), t[:, None] / 1000], dim=1))
        return self.out(h + self.label(y)).view(x.shape)  # type: ignore[no-any-return]


ARCHITECTURE = ng.Architecture(Small, (("width", 16),))
DATA = ng.Latent(torch.ones(6, 1, 2, 2) * torch.tensor([1, -1] * 3).view(6, 1, 1, 1))
EXAMPLES = Examples(DATA, torch.arange(6) % 2, 2, "", "")


GOAL = {"prediction", "loss", "drop_label", "levels"}
"""What is typed into train.ddpm itself; the rest is of the schedule."""


def training(**settings: Any) -> ng.Loop[Trained]:
    own = {name: value for name, value in settings.items() if name in GOAL}
    shared = {name: value for name, value in settings.items() if name not in GOAL}
    schedule = Schedule(**{"iterations": 7, "batch": 4, "per_step": 2, **shared})
    return ddpm(EXAMPLES, ARCHITECTURE, PROCESS, schedule, **own)


def run(loop: ng.Loop[Trained], state: Any = None, first: int = 0, last: int | None = None) -> Any:
    state = loop.start() if state is None else state
    for index in range(first, loop.total if last is None else last):
        state = loop.step(state, index)
    return state


def equal(one: State, other: State) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("stop", [0, 1, 3])
def test_a_run_resumed_from_a_stored_state_gives_the_same_bits(stop: int) -> None:
    stored = encode(run(training(), last=stop))
    assert stored is not None
    assert equal(run(training(), decode(stored), first=stop), run(training()))


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_the_number_of_iterations_a_step_does_not_change_the_parameters(precision: str) -> None:
    one, other = (run(training(precision=precision, per_step=count)) for count in (2, 3))
    assert torch.equal(one.average, other.average)
    assert torch.equal(one.scaling, other.scaling)


def test_a_step_changes_nothing_in_place_and_leaves_the_global_generator_alone() -> None:
    loop = training()
    state = loop.step(loop.start(), 0)
    kept = State(*(part.clone() for part in state))
    before = torch.get_rng_state()
    loop.step(state, 1)
    assert equal(state, kept)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_seed_alone_decides() -> None:
    torch.manual_seed(1)
    one = run(training(seed=5))
    torch.manual_seed(2)
    assert equal(one, run(training(seed=5)))
    assert not torch.equal(one.parameters, run(training(seed=6)).parameters)


@pytest.mark.slow
@pytest.mark.parametrize("prediction", ["eps", "v", "x0"])
def test_the_network_learns_the_data_of_each_label(prediction: ng.Prediction) -> None:
    loop = training(prediction=prediction, iterations=1500, batch=64, per_step=500, learning_rate=1e-2, drop_label=0.0)
    trained = loop.finish(run(loop))
    module = ARCHITECTURE.module().eval()
    module.load_state_dict(trained.parameters)
    level = PROCESS.level(700)
    noise = torch.randn(2, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    x = level.alpha * EXAMPLES.data[:2] + level.sigma * noise
    output = module(x, torch.full((2,), level.t), y=EXAMPLES.labels[:2])
    mean = ng.to_x0(output, x, level, prediction).mean(dim=(1, 2, 3))
    torch.testing.assert_close(mean, torch.tensor([1.0, -1.0]), rtol=0, atol=0.3)


def test_the_targets_are_what_a_denoiser_turns_back_into_the_data() -> None:
    batch = noisy_batch(EXAMPLES.data, [PROCESS.level(300)], 4, 0.0, 0, 0)
    for prediction in ("eps", "x0", "v", "score", "flow"):
        x0 = ng.to_x0(target(batch, prediction), batch.x, PROCESS.level(300), prediction)
        torch.testing.assert_close(x0, batch.data, msg=prediction)


def test_labels_are_dropped_as_often_as_asked() -> None:
    dropped = [noisy_batch(EXAMPLES.data, [PROCESS.level(1)], 500, 0.25, 3, i).rows == 6 for i in range(8)]
    assert abs(torch.cat(dropped).float().mean().item() - 0.25) < 5 * math.sqrt(0.25 * 0.75 / 4000)


def test_batches_of_different_iterations_share_no_noise() -> None:
    first, second = (noisy_batch(EXAMPLES.data, [PROCESS.level(1)], 4, 0.0, 3, iteration) for iteration in (0, 1))
    assert not torch.isin(first.noise, second.noise).any()


class Single(nn.Module):
    """One parameter, which it puts out."""

    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.zeros(1))

    def forward(self) -> Tensor:
        return self.value.sum()


def test_the_learning_rate_rises_in_a_line_and_falls_as_half_a_cosine() -> None:
    schedule = Schedule(iterations=8, learning_rate=0.5, warmup=4, per_step=1)
    loop = descend(ng.Architecture(Single), schedule, lambda network, iteration, device: network(), lambda network: {})
    states = [loop.start()]
    for index in range(8):
        states.append(loop.step(states[-1], index))
    walked = torch.cat([state.parameters for state in states]).diff()
    rates = [0.5 * min(1, (index + 1) / 4) * (0.5 + 0.5 * math.cos(math.pi * index / 8)) for index in range(8)]
    torch.testing.assert_close(-walked, torch.tensor(rates))  # Adam walks as far as the rate where the gradient stays


def test_the_average_trails_the_parameters_by_the_formula() -> None:
    loop = training(iterations=2, per_step=1, decay=0.5)
    start = loop.start()
    first = loop.step(start, 0)
    second = loop.step(first, 1)
    wanted = start.average.lerp(first.parameters, 1 - 1 / 10).lerp(second.parameters, 1 - 2 / 11)
    torch.testing.assert_close(second.average, wanted)


def test_a_loss_that_is_not_finite_at_once_is_an_error_with_a_hint() -> None:
    loop = training(learning_rate=1e20, warmup=1, iterations=20, per_step=20)
    with pytest.raises(ng.NodeError, match="the loss is"):
        run(loop)


@pytest.mark.parametrize("worst", [math.nan, math.inf, 1e4])
def test_training_that_diverges_stops_and_gives_the_last_good_weights(
    worst: float, caplog: pytest.LogCaptureFixture
) -> None:
    def objective(network: Any, iteration: int, device: torch.device) -> Tensor:
        found: Tensor = network(torch.ones(2, 1, 2, 2), torch.zeros(2), y=torch.zeros(2, dtype=torch.int64))
        return (found - 1).square().mean() * (worst if iteration == 5 else 1.0)

    def loop(iterations: int) -> ng.Loop[Trained]:
        schedule = Schedule(iterations, batch=64, per_step=2, learning_rate=1e-3, warmup=1)
        return descend(ARCHITECTURE, schedule, objective, lambda network: {})

    diverging = loop(iterations=20)
    assert diverging.done is not None
    kept = diverging.run()
    good = run(diverging, last=2)
    assert not diverging.done(good)
    for name, value in named(ARCHITECTURE.module(), good.average).items():
        assert torch.equal(kept.parameters[name], value)
    assert math.isfinite(kept.loss)
    assert kept.facts == {"stopped": "diverged after 4 iterations"}
    assert "weights after 4 are kept; give a lower learning_rate" in caplog.text


def test_fine_tuning_that_loses_what_was_known_is_told(caplog: pytest.LogCaptureFixture) -> None:
    def loop(worse: float) -> ng.Loop[Trained]:
        """Of a parameter that is best as it is: elsewhere the loss is so many times larger."""

        def objective(network: Any, iteration: int, device: torch.device) -> Tensor:
            found: Tensor = network()
            return 0.01 * (1.0 if found == 0 else worse) + found - found.detach()

        schedule = Schedule(iterations=4, per_step=2, warmup=1)
        return descend(ng.Architecture(Single), schedule, objective, lambda network: {})

    assert loop(worse=1.2).run().facts == {}
    assert caplog.text == ""
    lost = loop(worse=3).run()
    assert lost.facts == {"unlearned": "the loss is 0.03, 0.01 before training"}
    assert "what it knew is lost; give a lower learning_rate" in caplog.text
    with pytest.raises(ng.NodeError, match=r"the loss is 0\.105 after 2 iterations, 0\.01 before any"):
        loop(worse=20).run()


def test_a_preview_is_one_picture_a_class_between_black_and_white() -> None:
    loop = training()
    assert loop.preview is not None
    seen = loop.preview(run(loop))
    assert seen.shape == (2, 3, 2, 2)
    assert 0 <= seen.min() <= seen.max() <= 1


def test_the_weights_file_holds_every_parameter_and_a_card_that_is_plain_json() -> None:
    import json

    loop = training()
    state = run(loop)
    made = weights(loop.finish(state), ARCHITECTURE, purpose="a", licence="MIT", graph="g.json")
    ARCHITECTURE.module().load_state_dict(dict(made.tensors))
    card = json.loads(json.dumps(made.card))
    assert card["network"] == {"width": 16}
    assert card["process"]["kind"] == "DiscreteVP"
    assert card["training"]["iterations"] == 7
    assert card["parameters"] == state.average.numel()
    assert card["loss"] == pytest.approx(state.losses[-1].item(), abs=1e-6)


def test_named_parameters_are_views_of_their_vector() -> None:
    module = ARCHITECTURE.module()
    vector = nn.utils.parameters_to_vector(module.parameters()).detach()
    for name, part in named(module, vector).items():
        assert torch.equal(part, module.get_parameter(name))


def test_the_digits_are_split_without_overlap_and_span_the_range() -> None:
    train, held_out, everything = (digits(part=part) for part in ("train", "held out", "all"))
    assert (len(train.data), len(held_out.data), len(everything.data)) == (1498, 299, 1797)
    assert torch.cdist(held_out.data.flatten(1), train.data.flatten(1)).min() > 0
    assert (everything.data.min().item(), everything.data.max().item()) == (-1, 1)
    assert everything.data.shape == (1797, 1, 8, 8)
    assert everything.labels.bincount().min() > 170
