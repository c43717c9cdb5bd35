"""The grammar of prompts: nothing that can be typed raises, all is kept, and it is read as A1111 reads it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as some
from noisegraph.cli.show import command
from noisegraph.nodes.prompts.attention import LARGEST, Piece, escaped, pieces
from noisegraph.nodes.prompts.grammar import DEEPEST, Span, parsed, spans, written
from noisegraph.nodes.prompts.still import still

TYPED = some.text(some.sampled_from("ab c,\\()[]:|.019-+\nBREAK é日"), max_size=60) | some.text(max_size=40)


@given(TYPED)
def test_whatever_is_typed_is_read_and_written_back_as_it_was(prompt: str) -> None:
    assert written(parsed(prompt)) == prompt


@given(TYPED, some.integers(1, 12))
def test_spans_cover_all_steps_in_order_and_neighbours_differ(prompt: str, steps: int) -> None:
    found = spans(prompt, steps)
    ends = [span.until for span in found]
    assert ends == sorted(set(ends))
    assert ends[-1] == steps
    assert all(one.text != other.text for one, other in pairwise(found))
    for span in found:
        assert all(abs(piece.weight) <= LARGEST for piece in pieces(span.text))


@given(some.text(some.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda text: "BREAK" not in text))
def test_an_escaped_text_is_itself(words: str) -> None:
    # a colon and a bar are signs only within brackets
    assert pieces(escaped(words)) == [Piece(words)]
    assert spans(escaped(words), 5) == [Span(5, escaped(words))]


@given(some.integers(0, 200), some.sampled_from(["()", "[]"]))
def test_nesting_multiplies_and_no_depth_breaks_it(depth: int, pair: str) -> None:
    factor = 1.1 if pair == "()" else 1 / 1.1
    (found,) = pieces(pair[0] * depth + "a" + pair[1] * depth)
    assert found.text == "a"
    assert found.weight == pytest.approx(min(factor**depth, LARGEST))
    prompt = "[" * depth + "a|b" + "]" * depth
    assert written(parsed(prompt)) == prompt


def test_brackets_beyond_the_deepest_are_text() -> None:
    deep = DEEPEST + 5
    assert spans("[" * deep + "a|b" + "]" * deep, 2)


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        ("", [("", 1.0)]),
        ("a cat", [("a cat", 1.0)]),
        ("an (important) word", [("an ", 1.0), ("important", 1.1), (" word", 1.0)]),
        ("(unbalanced", [("unbalanced", 1.1)]),
        (r"\(literal\]", [("(literal]", 1.0)]),
        ("(unnecessary)(parens)", [("unnecessaryparens", 1.1)]),
        ("(word:1.2)", [("word", 1.2)]),
        ("( word : 1.2 )", [(" word ", 1.2)]),
        ("((word))", [("word", 1.21)]),
        ("[word]", [("word", 1 / 1.1)]),
        ("(a (b:2):0.5)", [("a ", 0.5), ("b", 1.0)]),
        ("a: b", [("a: b", 1.0)]),
        (r"back\slash", [("back\\slash", 1.0)]),
        (
            "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).",
            [
                ("a ", 1.0),
                ("house", 1.5730000000000004),
                (" ", 1.1),
                ("on", 1.0),
                (" a ", 1.1),
                ("hill", 0.55),
                (", sun, ", 1.1),
                ("sky", 1.4641000000000006),
                (".", 1.1),
            ],
        ),
    ],
)
def test_weights_are_read_as_a1111_documents_them(prompt: str, wanted: list[tuple[str, float]]) -> None:
    found = pieces(prompt)
    assert [piece.text for piece in found] == [text for text, _ in wanted]
    assert [piece.weight for piece in found] == pytest.approx([weight for _, weight in wanted])


def test_break_ends_a_chunk_and_is_no_word() -> None:
    assert pieces("a BREAK (b:1.2)BREAK c") == [Piece("a", 1.0, True), Piece("b", 1.2, True), Piece("c")]
    assert pieces("BREAKFAST") == [Piece("BREAKFAST")]
    assert pieces("BREAK a") == [Piece("", 1.0, True), Piece("a")]


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        ("test", [(10, "test")]),
        ("a [b:3]", [(3, "a "), (10, "a b")]),
        ("a [b: 3]", [(3, "a "), (10, "a b")]),
        ("a [[[b]]:2]", [(2, "a "), (10, "a [[b]]")]),
        ("[(a:2):3]", [(3, ""), (10, "(a:2)")]),
        ("a [b : c : 1] d", [(1, "a b  d"), (10, "a  c  d")]),
        ("a[b:[c:d:2]:1]e", [(1, "abe"), (2, "ace"), (10, "ade")]),
        ("a [unbalanced", [(10, "a [unbalanced")]),
        ("a [b:.5] c", [(5, "a  c"), (10, "a b c")]),
        ("a [b::0.3]", [(3, "a b"), (10, "a ")]),
        ("((a][:b:c [d:3]", [(3, "((a][:b:c "), (10, "((a][:b:c d")]),
        ("[a|(b:1.1)]", [(step, "a" if step % 2 else "(b:1.1)") for step in range(1, 11)]),
        ("[fe|]male", [(step, "female" if step % 2 else "male") for step in range(1, 11)]),
        (r"\[a:b:0.5\]", [(10, r"\[a:b:0.5\]")]),
        ("[a:b]", [(10, "[a:b]")]),
    ],
)
def test_what_changes_is_read_as_in_a1111s_own_examples(prompt: str, wanted: list[tuple[int, str]]) -> None:
    assert spans(prompt, 10) == [Span(*one) for one in wanted]


@pytest.mark.parametrize(
    ("prompt", "wanted"), [("a [cat:dog:0.5]", "a cat"), ("[cat:dog:3]", "cat"), ("[a|b|c]", "a"), ("[in:0.01]", "")]
)
def test_a_prompt_that_is_read_once_is_what_it_begins_as_and_that_it_would_change_is_told(
    prompt: str, wanted: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert still(prompt) == wanted
    assert "changes along the walk" in caplog.text


def test_a_lora_that_a_prompt_calls_is_told_as_words(caplog: pytest.LogCaptureFixture) -> None:
    assert still("a (cat:1.2) <b") == "a (cat:1.2) <b"
    assert not caplog.records
    assert still("a cat <lora:pixel:0.8>") == "a cat <lora:pixel:0.8>"
    assert "'<lora:pixel:0.8>' is read as words" in caplog.text


def test_prompts_that_are_joined_by_and_are_told_the_node_that_joins_them(caplog: pytest.LogCaptureFixture) -> None:
    assert still("salt and pepper, SAND") == "salt and pepper, SAND"
    assert not caplog.records
    assert still("a cat AND a dog") == "a cat AND a dog"
    assert "guide.compose" in caplog.text


def test_the_command_line_shows_how_a_prompt_is_read() -> None:
    done = CliRunner().invoke(command, ["--prompt", "a [cat:dog:0.5] (red:1.3)", "--steps", "4"])
    assert done.exit_code == 0
    assert "steps 1 to 2 of 4" in done.output
    assert "1.3  'red'" in done.output
    assert CliRunner().invoke(command, []).exit_code == 2
