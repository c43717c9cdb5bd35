"""The contract of nodes catches what it is there to catch."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Annotated, Any, NamedTuple

import noisegraph as ng
import pytest
import torch
from noisegraph.errors import PluginError
from noisegraph.running.guard import MisbehaviourError
from noisegraph.testing.nodes import NodeContract
from noisegraph.testing.sameness import same
from pydantic import Field

ONES = torch.ones(1, 3, 2, 2)


class Total(NamedTuple):
    """The state of a loop."""

    x: torch.Tensor


@ng.node
def glow(image: ng.Image, mask: ng.Mask | None = None, *, strength: Annotated[float, Field(ge=0)] = 1.0) -> ng.Image:
    """Make a picture brighter."""
    return ng.Image(image * (1 + strength))


@ng.node
def climb(image: ng.Image, *, steps: int = 3) -> ng.Loop[ng.Image]:
    """Add one, step by step."""
    return ng.Loop(lambda: Total(image), lambda state, index: Total(state.x + 1), steps, lambda state: state.x)


class TestGlow(NodeContract):
    """The contract as an author uses it."""

    node = glow
    examples = ({"image": ONES, "strength": 2.0}, {"image": ONES})


class TestClimb(NodeContract):
    """A loop is driven to its end."""

    node = climb
    examples = ({"image": ONES},)


@ng.node
def undocumented(image: ng.Image) -> ng.Image:
    return image


@ng.node
def unfinished(image: ng.Image) -> ng.Image:
    """makes a picture"""
    return image


@ng.node
def untyped(image) -> ng.Image:  # type: ignore[no-untyped-def]
    """Forget an annotation."""
    return ng.Image(image)


@ng.node
def impossible(image: ng.Image, *, scale: Annotated[float, Field(ge=0)] = -1.0) -> ng.Image:
    """Have a default out of range."""
    return image


@ng.node
def optional(image: ng.Image = None) -> ng.Image:  # type: ignore[assignment]
    """Have a default that is of another type."""
    return image


@ng.node
def mutating(image: ng.Image) -> ng.Image:
    """Change the input."""
    return ng.Image(image.mul_(2))


@ng.node
def random_torch(image: ng.Image) -> ng.Image:
    """Draw from torch's own generator."""
    return ng.Image(image + torch.randn(1))


@ng.node
def random_python(image: ng.Image) -> ng.Image:
    """Draw from Python's own generator."""
    return ng.Image(image + random.random())


@ng.node
def burning(image: ng.Image) -> ng.Image:
    """Draw from torch's own generator and forget what came."""
    torch.randn(1)
    return ng.Image(image + 0)


@ng.node
def lying(image: ng.Image) -> ng.Image:
    """Promise a picture and give a number."""
    return 1.0  # type: ignore[return-value]


def within() -> Callable[..., Any]:
    @ng.node
    def hidden(image: ng.Image) -> ng.Image:
        """Live where it cannot be found."""
        return image

    return hidden


WRONG: Mapping[str, tuple[Callable[..., Any], str, type[BaseException]]] = {  # the node, its tests' word, the error
    "no docstring": (undocumented, "docstring", AssertionError),
    "no sentence": (unfinished, "docstring", AssertionError),
    "no annotation": (untyped, "annotated", PluginError),
    "default out of range": (impossible, "default", ValueError),
    "default of another type": (optional, "default", AssertionError),
    "changed input": (mutating, "leaves_its_inputs", AssertionError),
    "torch's generator": (random_torch, "random_state", AssertionError),
    "Python's generator": (random_python, "random_state", AssertionError),
    "burnt randomness": (burning, "leaves_its_inputs", AssertionError),
    "another type": (lying, "type_that_it_promises", MisbehaviourError),
    "hidden": (within(), "pickled", AttributeError),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_node_fails_the_tests_that_are_for_it_and_no_other(name: str) -> None:
    node, word, error = WRONG[name]
    contract = type("Wrong", (NodeContract,), {"node": staticmethod(node), "examples": ({"image": ONES.clone()},)})()
    tests = [getattr(contract, test) for test in dir(contract) if test.startswith("test_")]
    for test in tests:
        if word in test.__name__:
            with pytest.raises(error):
                test()
        elif error is not PluginError:
            test()
    assert any(word in test.__name__ for test in tests)


def adder(amount: Any) -> Callable[[Any], Any]:
    return lambda x: x + amount


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        (1, 1, True),
        (1, 1.0, False),
        (1, True, False),
        (0.0, -0.0, False),
        (float("nan"), float("nan"), True),
        ([1, (2, {"a": 3})], [1, (2, {"a": 3})], True),
        ([1, (2, {"a": 3})], [1, (2, {"a": 4})], False),
        (torch.ones(2), torch.ones(2), True),
        (torch.ones(2), torch.ones(2, dtype=torch.float64), False),
        (torch.tensor([0.0]), torch.tensor([-0.0]), False),
        (torch.tensor([torch.nan, 1]), torch.tensor([torch.nan, 1]), True),
        (torch.tensor([torch.nan, 1]), torch.tensor([torch.nan, 2]), False),
        (torch.tensor([torch.inf]), torch.tensor([torch.finfo().max]), False),
        (torch.tensor([1, 2]), torch.tensor([1, 2]), True),
        (adder(1), adder(1), True),
        (adder(1), adder(2), False),
        (adder(torch.ones(1)), adder(torch.zeros(1)), False),
        (ng.Shape((1, 2)), ng.Shape((1, 2)), True),
        (ng.Shape((1, 2)), ng.Shape((1, 3)), False),
        (torch.nn.Linear(1, 1), torch.nn.Linear(1, 1), False),
    ],
)
def test_values_are_the_same_when_they_hold_the_same_bits(one: Any, other: Any, wanted: bool) -> None:
    assert same(one, other) is wanted


def test_what_an_object_has_worked_out_meanwhile_does_not_count() -> None:
    class Circle:
        def __init__(self, radius: float) -> None:
            self.radius = radius

        @cached_property
        def area(self) -> float:
            return 3 * self.radius**2

    one, other = Circle(1.0), Circle(1.0)
    assert one.area == 3
    assert same(one, other)
    assert not same(one, Circle(2.0))


def test_a_value_that_holds_itself_is_compared_once() -> None:
    one: list[Any] = [1]
    other: list[Any] = [1]
    one.append(one)
    other.append(other)
    assert same(one, other)
