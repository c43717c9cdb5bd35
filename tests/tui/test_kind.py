"""Ways of editing: every parameter of every node that is installed has one, which takes its default and no nonsense."""

from __future__ import annotations

import pytest
from noisegraph.manual import told
from noisegraph.registry import Registry
from noisegraph.tui.form.kind import Kind, kind_of, kind_of_value, meant, short, shown, stepped, tokens
from noisegraph.tui.state.catalog import Catalog, Port

CATALOG = Catalog.of({"nodes": [told(spec) for spec in Registry.installed().specs().values()]})
PARAMETERS = [(entry.name, port) for entry in CATALOG.entries.values() for port in entry.parameters]


def test_every_default_of_every_node_comes_back_from_how_it_is_shown() -> None:
    for name, port in PARAMETERS:
        if not port.required:
            kind = kind_of(port)
            back = meant(shown(port.default, kind), kind)
            assert back == port.default or [back] == port.default, f"{name}.{port.name}"
            assert type(back) is type(port.default) or isinstance(port.default, (float, list)), f"{name}.{port.name}"


@pytest.mark.parametrize(
    ("node", "port", "way"),
    [
        ("sampler.sample", "seed", "seed"),
        ("guide.cfg", "scale", "float"),
        ("image.enlarge", "factor", "int"),
        ("levels.uniform", "spacing", "choice"),
        ("text.encode", "prompt", "prompt"),
        ("image.load", "file", "file"),
        ("process.cosine", "zero_snr", "bool"),
        ("plot.curves", "x_label", "text"),
        ("guide.prompts", "shares", "list"),
        ("label.encode", "label", "list"),
        ("unet.architecture", "config", "json"),
        ("mixture.gaussians", "covariances", "json"),
        ("sampler.deis_rk", "order", "choice"),
    ],
)
def test_the_way_follows_from_the_type(node: str, port: str, way: str) -> None:
    assert kind_of(CATALOG.entries[node].ports[port]).way == way


def test_files_are_a_path_or_a_list_of_paths() -> None:
    for text, value in {
        "a b.png": "a b.png",
        '["a.png", "b.png"]': ["a.png", "b.png"],
        "[1] a.png": "[1] a.png",
    }.items():
        assert meant(text, Kind("file")) == value


@pytest.mark.parametrize(
    ("text", "kind", "limits", "told"),
    [
        ("1.5", Kind("int"), (), "wants a whole number, found 1.5"),
        ("", Kind("float"), (), "wants a number, found nothing"),
        ("inf", Kind("float"), (), "wants a number, found inf"),
        ("1.2", Kind("float"), (">= 0", "<= 1"), "must be <= 1"),
        ("0", Kind("float"), ("> 0",), "must be > 0"),
        ("12", Kind("int"), ("multiple of 8",), "must be a multiple of 8"),
        ("trailin", Kind("choice", ("leading", "trailing")), (), "did you mean 'trailing'"),
        ("yes", Kind("bool"), (), "wants true or false, found yes"),
        ("1, x", Kind("list"), (), "wants a number, found x"),
        ("1, -2", Kind("seed"), (">= 0",), "must be >= 0"),
        ("[]", Kind("list"), ("at least 1 long",), "must hold at least 1"),
        ("{", Kind("json"), (), "is no JSON"),
    ],
)
def test_nonsense_is_told(text: str, kind: Kind, limits: tuple[str, ...], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        meant(text, kind, limits)


def test_what_is_typed_means_what_it_looks_like() -> None:
    assert meant(" 7 ", Kind("float")) == 7
    assert repr(meant("1e3", Kind("float"))) == "1000.0"
    assert meant("none", Kind("float", optional=True)) is None
    assert meant("none", Kind("prompt")) == "none"
    assert meant("1, 2,3", Kind("list")) == [1, 2, 3]
    assert meant("4,", Kind("list")) == [4]
    assert meant("4", Kind("list")) == 4
    assert meant("3", Kind("choice", (2, 3, 4))) == 3


def test_steps_follow_the_last_digit_and_stop_at_the_limits() -> None:
    assert stepped("7.0", Kind("float"), (), 1) == "7.1"
    assert stepped("7.25", Kind("float"), (), -1) == "7.24"
    assert stepped("7", Kind("float"), (), 1) == "7.1"
    assert stepped("1.0", Kind("float"), ("<= 1",), 1) == "1.0"
    assert stepped("64", Kind("int"), ("multiple of 8",), 1) == "72"
    assert stepped("0", Kind("seed"), (">= 0",), -1) == "0"
    assert stepped("x", Kind("int"), (), 1) == "x"


def test_limits_are_short() -> None:
    assert short((">= 0", "<= 30")) == "0…30"
    assert short((">= 1",)) == "≥ 1"
    assert short((">= 0", "< 9223372036854775808")) == "≥ 0"
    assert short(("> 0",)) == "> 0"
    assert short(()) == ""


def test_tokens_are_estimated_from_words_and_signs() -> None:
    assert tokens("") == 0
    assert tokens("a lighthouse at dawn, blurry") == 7


def test_before_types_are_known_values_and_names_tell_the_way() -> None:
    known = ((1, "seed"), (1, "steps"), ("x", "prompt"), ([1], "a"))
    assert [kind_of_value(value, name).way for value, name in known] == ["seed", "int", "prompt", "json"]


def test_a_type_that_nobody_knows_is_edited_as_json() -> None:
    assert kind_of(Port("x", "Whatever")).way == "json"
