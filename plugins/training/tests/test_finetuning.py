"""Training that begins where another ended."""

from __future__ import annotations

from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph_training.examples import Schedule, Trained
from noisegraph_training.inpainting import around
from noisegraph_training.learned import network
from noisegraph_training.train import begun
from torch import Tensor, nn

PROCESS = ng.DiscreteVP("cosine", 1000)


class Layers(nn.Module):
    """A convolution of so many channels, an embedding of so many labels."""

    def __init__(self, channels: int, labels: int = 3) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, 6, 3, padding=1)
        self.label = nn.Embedding(labels, 6)
        self.last = nn.Conv2d(6, 2, 1)

    def forward(self, x: Tensor, t: Tensor, *, y: Tensor) -> Tensor:
        found: Tensor = self.last(self.first(x) + self.label(y)[:, :, None, None])
        return found


def architecture(**config: Any) -> ng.Architecture:
    return ng.Architecture(Layers, tuple(config.items()))


@pytest.fixture
def trained() -> ng.Network:
    torch.manual_seed(1)
    return network(Trained(dict(Layers(2).state_dict()), 0.0, {}), architecture(channels=2), PROCESS)


def built(wanted: ng.Architecture, trained: ng.Network) -> Any:
    return begun(wanted, trained).module()


def test_the_same_architecture_begins_with_the_very_parameters_and_keeps_its_configuration(trained: ng.Network) -> None:
    again = begun(architecture(channels=2), trained)
    assert again.config == (("channels", 2),)
    for name, value in again.module().state_dict().items():
        assert torch.equal(value, trained.weights.tensors()[name])


def test_further_input_channels_are_not_heard_at_first(trained: ng.Network) -> None:
    module = built(architecture(channels=5), trained)
    x, y, t = torch.randn(4, 2, 6, 6), torch.tensor([0, 1, 2, 0]), torch.zeros(4)
    beside = around(x, torch.ones(4, 1, 6, 6))
    assert torch.allclose(module(torch.cat([x, beside], 1), t, y=y), trained.weights.module()(x, t, y=y), atol=1e-6)
    assert not module.first.weight[:, 2:].any()


def test_what_has_another_shape_is_drawn_from_the_seed(trained: ng.Network) -> None:
    torch.manual_seed(5)
    module = built(architecture(channels=2, labels=7), trained)
    torch.manual_seed(5)
    assert torch.equal(module.label.weight, Layers(2, 7).label.weight)
    assert torch.equal(module.first.weight, trained.weights.tensors()["first.weight"])


def test_to_begin_does_not_change_what_was_trained(trained: ng.Network) -> None:
    before = {name: value.clone() for name, value in trained.weights.tensors().items()}
    module = built(architecture(channels=2), trained)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(1)
    assert all(torch.equal(value, before[name]) for name, value in trained.weights.tensors().items())


def test_what_was_learned_in_the_same_graph_is_taken_alike(trained: ng.Network) -> None:
    learned = Trained(dict(trained.weights.tensors()), 0.0, {})
    module = begun(architecture(channels=2), learned).module()
    assert all(torch.equal(value, learned.parameters[name]) for name, value in module.state_dict().items())


def test_what_is_locked_stays_as_it_was_while_the_rest_learns(trained: ng.Network) -> None:
    from noisegraph_training.descent import descend
    from noisegraph_training.state import named

    def size(module: Any, iteration: int, device: torch.device) -> Tensor:
        found: Tensor = (
            module(torch.ones(1, 2, 4, 4), torch.zeros(1), y=torch.zeros(1, dtype=torch.long)).square().mean()
        )
        return found

    held = begun(architecture(channels=2), trained, locked=["first."])
    loop = descend(held, Schedule(iterations=3, per_step=1), size, lambda _: {})
    state = loop.step(loop.step(loop.start(), 0), 1)
    before = trained.weights.tensors()
    for vector in (state.parameters, state.average):
        stayed = {name for name, value in named(Layers(2), vector).items() if torch.equal(value, before[name])}
        assert stayed == {"first.weight", "first.bias"}


def test_what_is_to_be_locked_and_is_not_there_is_told_with_the_networks_parts(trained: ng.Network) -> None:
    with pytest.raises(ng.NodeError, match=r"begins with 'encoder\.'") as caught:
        begun(architecture(channels=2), trained, locked=["encoder."]).module()
    assert "first, label, last" in str(caught.value.hint)


def test_an_architecture_of_another_kind_is_refused(trained: ng.Network) -> None:
    other = ng.Architecture(lambda: nn.Linear(2, 2))
    with pytest.raises(ng.NodeError, match="0 of 2 fit the trained network, 0% of its numbers"):
        begun(other, trained).module()


def test_a_training_goes_on_from_it(trained: ng.Network) -> None:
    from noisegraph_training.descent import descend
    from noisegraph_training.state import named

    def distance(module: Any, iteration: int, device: torch.device) -> Tensor:
        x = torch.zeros(1, 2, 4, 4)
        found: Tensor = module(x, torch.zeros(1), y=torch.zeros(1, dtype=torch.long)).square().mean()
        return found

    loop = descend(begun(architecture(channels=2), trained), Schedule(iterations=2, per_step=1), distance, lambda _: {})
    first = named(Layers(2), loop.start().parameters)
    assert all(torch.equal(value, trained.weights.tensors()[name]) for name, value in first.items())
