"""Muted, bypassed and pinned nodes: the graph that is run, and the file that stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from noisegraph.graph import library
from noisegraph.tui.document import edits
from noisegraph.tui.document.as_run import as_run, held
from noisegraph.tui.document.document import Document
from noisegraph.tui.document.marks import Marks, Pin

DIGIT = Document.open(library()["digit"])


def test_without_marks_the_graph_runs_as_it_is_written() -> None:
    assert as_run(DIGIT, Marks(), {}) is DIGIT


def test_what_is_muted_and_what_cannot_run_without_it_is_left_out() -> None:
    graph = edits.add_output(DIGIT, "small", "digits")
    run = as_run(graph, Marks().mute(["image"]), {}).data
    assert "image" not in run["nodes"]
    assert run["outputs"] == {"small": "$digits"}
    run = as_run(graph, Marks().mute(["wanted"]), {}).data
    assert set(run["nodes"]) == {"model", "any", "away", "noise", "levels", "solver"}
    assert run["outputs"] == {}


def test_a_list_only_loses_the_item_that_is_muted() -> None:
    text = '{"nodes": {"a": {"use": "x.y"}, "b": {"use": "x.y"}, "s": {"use": "x.s", "images": ["$a", "$b"]}}}'
    document = Document.like(text, Path("g.json"))
    assert as_run(document, Marks().mute(["a"]), {}).data["nodes"]["s"]["images"] == ["$b"]
    assert as_run(document, Marks().mute(["a", "b"]), {}).data["nodes"] == {}


def test_what_reads_a_bypassed_node_reads_what_it_passes_on() -> None:
    run = as_run(DIGIT, Marks().bypass(["guided"]), {"guided": "toward"}).data
    assert "guided" not in run["nodes"]
    assert run["nodes"]["drawn"]["denoiser"] == "$toward"


def test_a_second_time_takes_the_mark_away_and_a_mute_ends_a_bypass() -> None:
    marks = Marks().mute(["a"])
    assert Marks().pin("a", Pin({})).pin("a", None) == Marks()
    assert marks.mute(["a"]) == Marks()
    assert marks.bypass(["a"]) == Marks(bypassed=frozenset({"a"}))
    assert marks.within(["b"]) == Marks()


def test_a_pinned_node_keeps_what_it_reads_whatever_becomes_of_the_graph() -> None:
    marks = Marks().pin("drawn", held(DIGIT, "drawn"))
    assert as_run(DIGIT, marks, {}).data["nodes"].keys() == DIGIT.data["nodes"].keys()
    later = edits.set_value(edits.set_input(DIGIT, "digit", 3), "levels", "spacing", "leading")
    run = as_run(later, marks, {}).data
    drawn = run["nodes"]["drawn"]
    assert drawn["seed"] == 1
    assert run["nodes"][drawn["levels"][1:]]["spacing"] == "trailing"
    guided = run["nodes"][drawn["denoiser"][1:]]
    toward = run["nodes"][guided["positive"][1:]]
    assert run["nodes"][toward["condition"][1:]]["label"] == 7
    assert toward["unet"] == "$model.unet"  # what did not change is not copied
    assert run["nodes"]["wanted"]["label"] == "$digit"
    assert run["nodes"]["digits"]["latent"] == "$drawn"


def test_marks_follow_a_node_to_its_new_name() -> None:
    marks = Marks().mute(["any"]).pin("drawn", held(DIGIT, "drawn"))
    later = edits.set_value(edits.rename(DIGIT, "drawn", "d"), "levels", "spacing", "leading")
    run = as_run(later, marks.renamed("drawn", "d").mute(["any"]), {}).data
    assert run["nodes"][run["nodes"]["d"]["levels"][1:]]["spacing"] == "trailing"
    assert marks.renamed("any", "all").muted == {"all"}


def test_a_pinned_graph_still_passes_the_check() -> None:
    from noisegraph.check import check
    from noisegraph.graph import parse
    from noisegraph.registry import Registry

    later = edits.delete(edits.set_input(DIGIT, "digit", 3), ["solver"])
    run = as_run(later, Marks().pin("drawn", held(DIGIT, "drawn")), {})
    checked = check(parse(run.text), Registry.installed())
    assert [problem.what for problem in checked.problems] == []


def test_a_pin_needs_values_for_the_inputs_that_are_read() -> None:
    document = edits.set_input(DIGIT, "seed", None)
    with pytest.raises(edits.EditError, match="'seed' has no value to pin"):
        held(document, "drawn")
    assert held(document, "model").nodes.keys() == {"model"}
