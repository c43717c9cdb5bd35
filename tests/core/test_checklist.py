"""Every line of the list of behaviours that a graph executor must show has a test that is called after it: `test_cNN_`.

Those below have none, for the reason that is given; `-> name` is a test that shows the line under another name.

54. async results: there are no async nodes
59. control nodes are not cached by themselves: there are none; a choice drops wires while planning
62. lazy inside grown inputs: ports do not grow; a list port is one port
65. boundaries of loops: a loop is one node, so that it has no second end to forget
66. expansions: nodes make no nodes; graphs in graphs are opened before anything runs (test_c67, test_c68)
71. a blocker that silences one element: lists are values and are never mapped over
72. undeclared variadic inputs: every port is declared; a list port takes any number of wires (test_c70)
79. an exception in the executor -> test_an_error_in_the_executor_ends_the_run_and_not_the_worker
84. a queue survives a restart -> test_after_kill_9_the_draft_and_the_queue_are_there_again
94. plugins in the provenance -> test_show_tells_the_graph_the_inputs_and_the_versions
95. conformance of each plugin's nodes -> test_a_wrong_node_fails_the_tests_that_are_for_it_and_no_other
"""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
LAST = 95
UNUSED = {51}
"""Numbers that the list does not have."""
LINE = re.compile(r"^(\d+)\. (.+?)(?: -> (\w+))?$", re.MULTILINE)


def all_tests() -> set[str]:
    """The names of all tests."""
    files = [*TESTS.rglob("test_*.py")]
    return {name for file in files for name in re.findall(r"^\s*def (test_\w+)\(", file.read_text(), re.MULTILINE)}


def lines_tested() -> set[int]:
    """The lines that tests are called after."""
    named = (re.match(r"test((?:_c\d+)+)_", name) for name in all_tests())
    return {int(number) for match in named if match for number in re.findall(r"\d+", match[1])}


def test_every_line_has_a_test_or_a_reason() -> None:
    told = {int(number) for number, _, _ in LINE.findall(__doc__)}
    wanted = set(range(1, LAST + 1)) - UNUSED
    assert wanted - lines_tested() - told == set(), "neither tested nor told why not"
    assert (lines_tested() | told) - wanted == set(), "no such line"


def test_tests_that_show_a_line_under_another_name_exist() -> None:
    assert {name for _, _, name in LINE.findall(__doc__) if name} <= all_tests()


def test_a_line_that_is_tested_needs_no_reason() -> None:
    told = {int(number) for number, _, _ in LINE.findall(__doc__)}
    assert told & lines_tested() == set()
