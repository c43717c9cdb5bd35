"""What a node's docstring says of its ports, and what of the node itself."""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

import noisegraph as ng
import pytest
from noisegraph.cli import main
from noisegraph.docstring import apart
from noisegraph.manual import told
from noisegraph.node import spec_of


class Found(NamedTuple):
    """A value of which only one field is told."""

    score: float
    inner: Any


@ng.node
def search(image: ng.Image, *, depth: int = 3, width: int = 1) -> Found:
    """Look for something: the first line is the node's own.

    It says more here; depth: within a sentence is none of its port's.

    image: where to look.
    depth: how far, and
        how thoroughly.
    Beside that, nothing.
    """
    return Found(0.0, None)


def test_each_port_gets_its_line_with_what_is_indented_below_it_and_the_node_the_rest() -> None:
    about, ports = apart(inspect.getdoc(search) or "", ("image", "depth", "width"))
    assert ports == {"image": "where to look.", "depth": "how far, and how thoroughly."}
    assert about.splitlines() == [
        "Look for something: the first line is the node's own.",
        "",
        "It says more here; depth: within a sentence is none of its port's.",
        "",
        "Beside that, nothing.",
    ]


def test_lines_of_a_port_may_stand_in_backticks_and_indented_below_a_heading() -> None:
    about, ports = apart("What it does.\n\nArgs:\n    `a`: one\n    b: two\n        and more\n", ("a", "b"))
    assert (about, ports) == ("What it does.\n\nArgs:", {"a": "one", "b": "two and more"})


def test_a_fields_type_that_says_nothing_is_not_told_to_authors() -> None:
    assert told(spec_of(search))["fields"] == {"score": "float"}


def test_nodes_tells_of_each_parameter_once_and_of_no_field_that_no_graph_wants(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main.code(["nodes", "sampler.ddim"]) == 0
    out = capsys.readouterr().out
    assert out.count("the share of the posterior's standard deviation") == 1
    assert "eta" in out
    assert ".init" not in out
    assert "Any" not in out
