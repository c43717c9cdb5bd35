"""The contract of a node: subclass NodeContract, name the node, and pytest holds the node to it."""

from __future__ import annotations

import copy
import json
import pickle
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from ..loop import Loop
from ..node import NodeSpec, spec_of
from ..port import Port
from ..running.guard import check_value, summary
from ..schema import schema
from ..types import checker, describe
from .sameness import same


class NodeContract:
    """What every node must keep. A node's author writes

        class TestGlow(NodeContract):
            node = glow
            examples = ({"image": torch.ones(1, 3, 8, 8), "strength": 2.0},)

    where each example holds arguments by port. Without examples, only what the signature says is tested.
    """

    node: ClassVar[Callable[..., Any]]
    examples: ClassVar[Sequence[Mapping[str, Any]]] = ()

    def spec(self) -> NodeSpec:
        """The node as the engine knows it."""
        return spec_of(type(self).node).named("local", b"")

    def test_every_port_and_the_return_are_annotated_with_types_that_resolve(self) -> None:
        for port in self.spec().ports.values():
            assert describe(port.type), f"'{port.name}' has no type"
        assert self.spec().output is not type(None), "a node gives a value"

    def test_the_docstring_begins_with_one_line_that_says_what_it_does(self) -> None:
        spec = self.spec()
        assert spec.help, f"'{spec.name}' has no docstring"
        assert spec.help.endswith((".", "!", "?")), f"the first line is no sentence: {spec.help!r}"
        assert not spec.doc.splitlines()[1:2] or not spec.doc.splitlines()[1].strip(), "leave the second line empty"

    def test_the_schema_of_its_object_in_a_graph_file_builds(self) -> None:
        spec = self.spec()
        branches = schema({spec.full_name: spec}, {})["$defs"]["node"]["allOf"]
        json.dumps(branches, allow_nan=False)
        for port in spec.ports.values():
            assert port.name in branches[0]["then"]["properties"]

    def test_every_default_is_accepted_by_its_own_port(self) -> None:
        for port in self.spec().ports.values():
            if not port.required:
                _accepts_default(port)

    def test_it_can_be_pickled_so_that_it_can_run_in_another_process(self) -> None:
        function = type(self).node
        assert pickle.loads(pickle.dumps(function)) is function, "define the node at the top of a module"

    def test_the_same_inputs_give_the_same_value_whatever_the_global_random_state(self) -> None:
        if self.spec().options.pure:
            for example in self.examples:
                first, second = (self._run_seeded(example, seed) for seed in (1, 2))
                assert same(first, second), f"two values of one input: {summary(first)} and {summary(second)}"

    def test_it_leaves_its_inputs_and_the_global_random_state_as_they_were(self) -> None:
        for example in self.examples:
            before, state = copy.deepcopy(dict(example)), _random_state()
            _run(type(self).node, example)
            changed = [name for name, value in example.items() if not same(value, before[name])]
            assert not changed, f"it changed {changed} in place; work on a copy"
            assert same(_random_state(), state), "it drew from a global random generator; draw from a seed of its own"

    def test_its_value_is_of_the_type_that_it_promises(self) -> None:
        for example in self.examples:
            check_value(self.spec(), _run(type(self).node, example))

    def _run_seeded(self, example: Mapping[str, Any], seed: int) -> Any:
        import torch

        with torch.random.fork_rng():
            torch.manual_seed(seed)
            random.seed(seed)
            return _run(type(self).node, copy.deepcopy(dict(example)))


def _accepts_default(port: Port) -> None:
    if port.wired or port.adapter is None:
        assert checker(port.type)(port.default), f"'{port.name}' cannot be {port.default!r}"
        return
    written = json.loads(json.dumps(port.dump(port.default)))
    accepted = port.accept(written)
    fits = accepted == port.default
    assert fits, f"the default of '{port.name}', {port.default!r}, reads back from a file as {accepted!r}"


def _run(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """The node's value; a loop is driven to its end."""
    value = function(**arguments)
    return value.run() if isinstance(value, Loop) else value


def _random_state() -> tuple[Any, ...]:
    import numpy
    import torch

    return torch.random.get_rng_state(), random.getstate(), numpy.random.get_state()
