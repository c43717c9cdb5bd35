"""What authors are offered: sources and nodes that fit, ways past a node, sweeps, seeds, earlier prompts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from noisegraph.graph import library
from noisegraph.manual import flows, told
from noisegraph.registry import Registry
from noisegraph.tui.author.files import files
from noisegraph.tui.author.graphs import graph_entry, with_graphs
from noisegraph.tui.author.offers import first_wires, fitting, free_name, passing, readers, sources
from noisegraph.tui.author.seeds import after, next_seed
from noisegraph.tui.author.sweeps import axis, points, swept, swept_names
from noisegraph.tui.author.templates import graphs
from noisegraph.tui.dialogs.history import Prompts
from noisegraph.tui.dialogs.matching import Choice, matching
from noisegraph.tui.document import edits
from noisegraph.tui.document.document import Document
from noisegraph.tui.form.fields import Context, inputs_form, node_form
from noisegraph.tui.form.lines import lines
from noisegraph.tui.state.catalog import Catalog
from noisegraph.tui.state.node import NodeState

REGISTRY = Registry.installed()
SPECS = list(REGISTRY.specs().values())
CATALOG = Catalog.of({"nodes": [told(spec) for spec in SPECS], "flows": flows(SPECS)})
DIGIT = Document.open(library()["digit"])
CONTEXT = Context(DIGIT.outline, CATALOG)


def _wrong_wires(document: Document) -> list[str]:
    from noisegraph.check import check
    from noisegraph.graph import parse

    return [problem.what for problem in check(parse(document.text), REGISTRY).problems]


def test_every_source_that_is_offered_passes_the_check_and_no_other_does() -> None:
    entry = CATALOG.entries["sampler.sample"]
    for name in ("denoiser", "noise", "levels", "sampler"):
        port = entry.ports[name]
        offered = {choice.value for choice in sources(DIGIT.outline, CATALOG, "drawn", port)}
        assert offered
        below = readers(DIGIT.outline, "drawn") | {"drawn"}
        every = {
            f"{node}.{part}" if part else node
            for node, item in DIGIT.outline.items.items()
            for part, kind in CATALOG.entries[item.use].given()
            if node not in below and (not part or kind != "Any")
        }
        for source in every:
            wrong = _wrong_wires(edits.connect(DIGIT, "drawn", name, source))
            told_so = [what for what in wrong if f"'{name}' of drawn" in what]
            assert (source in offered) == (not told_so), source


def test_nothing_is_offered_that_would_close_a_circle() -> None:
    port = CATALOG.entries["image.enlarge"].ports["image"]
    assert [one.value for one in sources(DIGIT.outline, CATALOG, "digits", port)] == []
    assert "digits" in [one.value for one in sources(DIGIT.outline, CATALOG, "image", port)]


def test_for_a_port_those_nodes_are_offered_that_give_what_it_takes() -> None:
    port = CATALOG.entries["sampler.sample"].ports["sampler"]
    names = {one.value for one in fitting(CATALOG, port)}
    assert "sampler.ddim" in names
    assert "image.load" not in names
    assert len(list(fitting(CATALOG))) == len(CATALOG.entries)


def test_a_new_node_reads_the_node_beside_it_where_it_can() -> None:
    entry = CATALOG.entries["image.enlarge"]
    assert first_wires(DIGIT.outline, CATALOG, entry, "digits") == {"image": "$digits"}
    sheet = CATALOG.entries["image.sheet"]
    assert first_wires(DIGIT.outline, CATALOG, sheet, "image") == {"images": ["$image"]}


def test_what_is_bypassed_passes_on_the_wire_of_the_type_that_it_gives() -> None:
    past = passing(DIGIT.outline, CATALOG)
    assert past["guided"] == "toward"
    assert past["image"] == "digits"
    assert "model" not in past
    assert _wrong_wires(edits.delete(DIGIT, ["guided", "image"], past)) == []


def test_a_name_that_is_taken_gets_a_number() -> None:
    assert free_name(DIGIT.outline, "image.image") == "image_2"
    assert free_name(DIGIT.outline, "parts/walk") == "walk"
    assert free_name(DIGIT.outline, "seed") == "seed_2"


def test_a_graph_that_is_used_has_ports_and_fields_like_a_node() -> None:
    entry = graph_entry("parts/walk", Path(), CATALOG)
    assert entry is not None
    assert entry.ports["sampler"].type == "Sampler"
    assert entry.ports["steps"].default == 10
    assert entry.fields["levels"] == "Levels"
    assert graph_entry("no/such", Path(), CATALOG) is None
    document = Document.like('{"nodes": {"w": {"use": "parts/walk", "steps": 5}}}', Path("g.json"))
    known = with_graphs(CATALOG, document.outline, Path())
    form = node_form("w", Context(document.outline, known))
    assert {one.name: one.text for one in form.fields}["steps"] == "5"


def test_forms_tell_where_values_come_from() -> None:
    told_of = {one.name: (one.origin, one.text) for one in node_form("levels", CONTEXT).fields}
    assert told_of["steps"] == ("input", "50")
    assert told_of["spacing"] == ("set", "trailing")
    assert told_of["end"] == ("default", "data")
    inputs = {one.name: one.kind.way for one in inputs_form(CONTEXT).fields}
    assert inputs == {"digit": "list", "seed": "seed", "count": "int", "steps": "int", "scale": "float"}


def test_before_the_worker_has_told_of_nodes_their_parameters_can_be_edited() -> None:
    nodes = '{"m": {"use": "x.y"}, "w": {"use": "text.encode", "encoder": "$m", "prompt": "$prompt"}}'
    text = f'{{"inputs": {{"prompt": "a cat"}}, "nodes": {nodes}}}'
    form = node_form("w", Context(Document.like(text, Path("g.json")).outline))
    assert [(one.name, one.kind.way, one.target) for one in form.fields] == [("prompt", "prompt", ("", "prompt"))]
    assert [one.name for one in form.wires] == ["encoder"]


def test_a_form_tells_what_was_other_in_the_last_run_and_what_is_wrong() -> None:
    now = edits.set_value(edits.set_input(DIGIT, "steps", 20), "levels", "spacing", "trailin")
    form = node_form("levels", Context(now.outline, CATALOG, DIGIT.outline))
    fields = {one.name: one for one in form.fields}
    assert fields["steps"].was == "50"
    assert fields["end"].was is None
    assert "did you mean 'trailing'" in fields["spacing"].problem


@pytest.mark.parametrize("width", [20, 40, 54, 80, 96, 120, 200])
def test_lines_of_forms_keep_to_the_width(width: int) -> None:
    from rich.cells import cell_len

    for node in DIGIT.outline.items:
        for line in lines(node_form(node, CONTEXT), NodeState("stale", "because " * 20), width):
            assert sum(cell_len(part.text) for part in line.parts) <= width


def test_a_form_tells_how_long_a_node_took_and_what_its_value_holds_in_memory() -> None:
    state = NodeState("done", seconds=0.25, held=65_536)
    told = lines(node_form("noise", CONTEXT), state, 60)
    assert any("done · 0.2 s · 65.5 kB in memory" in "".join(part.text for part in line.parts) for line in told)


def test_sweeps_are_read_as_they_are_typed() -> None:
    known = swept_names(CONTEXT)
    assert axis("scale = 1, 2.5", known).values == (1, 2.5)
    assert axis("steps = 10..50 step 20", known).values == (10, 30, 50)
    assert axis("steps = 3..1", known).values == (3, 2, 1)
    assert axis("scale = 0..1 step 0.25", known).values == (0, 0.25, 0.5, 0.75, 1.0)
    assert axis("levels.spacing = leading, trailing", known).values == ("leading", "trailing")
    assert points([axis("scale = 1, 2", known), axis("seed = 1..3", known)]) == 6
    for wrong, said in (
        ("step = 1", "did you mean 'steps'"),
        ("steps", "write steps = 1, 2, 3"),
        ("steps = 0, 1", "must be >= 1"),
        ("steps = 1..x", "is no range"),
        ("steps = 1..9 step 0", "leads nowhere"),
        ("seed = 0..99999", "take at most"),
        ("levels.spacing = up", "no choice 'up'"),
    ):
        with pytest.raises(ValueError, match=said):
            axis(wrong, known)


def test_a_swept_parameter_becomes_an_input_of_the_graph_that_is_run() -> None:
    known = swept_names(CONTEXT)
    graph, sweep = swept(DIGIT, [axis("image.factor = 2, 4", known), axis("seed = 1, 2", known)])
    assert sweep == {"image-factor": [2, 4], "seed": [1, 2]}
    assert graph.data["nodes"]["image"]["factor"] == "$image-factor"
    assert _wrong_wires(edits.set_sweep(graph, sweep)) == []


def test_seeds_follow_their_policy() -> None:
    assert next_seed(5, "increment") == 6
    assert next_seed(0, "decrement") == 0
    assert next_seed(5, "fixed") == 5
    assert next_seed(5, "random", lambda most: most - 1) == 2**31 - 2
    assert [after(policy) for policy in ("fixed", "random", "nonsense")] == ["increment", "fixed", "increment"]


def test_prompts_are_remembered_once_each_in_the_order_of_their_use(tmp_path: Path) -> None:
    file = tmp_path / "tui" / "prompts.jsonl"
    prompts = Prompts(file)
    for text in ("a cat", "a dog\nby night", "a cat", "  "):
        prompts.add(text)
    assert Prompts(file).texts == ["a dog\nby night", "a cat"]
    file.write_text('"one"\nnonsense\n3\n"two"\n')
    assert Prompts(file).texts == ["one", "two"]


def test_files_are_offered_by_their_kind_with_their_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(b"x" * 2500)
    (tmp_path / "b.txt").write_text("x")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "c.png").write_text("x")
    offered = [one for one in files(tmp_path, (".png",)) if one.about == str(tmp_path)]
    assert [(one.label, one.detail) for one in offered] == [("in/a.png", "2.5 kB")]


def test_graphs_here_come_before_those_of_the_library(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text(json.dumps({"about": "mine", "nodes": {}}))
    (tmp_path / "other.json").write_text("[1]")
    offered = list(graphs(tmp_path))
    assert offered[0].label == "mine.json"
    assert {"digit", "switch"} <= {one.value for one in offered}
    assert "other.json" not in {one.label for one in offered}


def test_the_best_match_comes_first_and_all_words_must_fit() -> None:
    choices = [Choice(name, name, detail) for name, detail in (
        ("image.scale", "scale a picture"), ("guide.cfg", "scale of guidance"), ("scale", ""), ("mask.join", "joined"),
    )]  # fmt: skip
    assert [one.label for one in matching(choices, "scale")] == ["scale", "image.scale", "guide.cfg"]
    assert [one.label for one in matching(choices, "scale guid")] == ["guide.cfg"]
    assert [one.label for one in matching(choices, "mjn")] == ["mask.join"]
    assert len(matching(choices, "")) == 4
