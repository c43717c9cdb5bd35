"""What terminals answer, and that nothing is asked where nobody answers."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest
from noisegraph.tui.picture.terminal import QUERY, Terminal, detect, understood


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"\x1b_Gi=31;OK\x1b\\\x1b[6;20;10t\x1b[?62;c", Terminal("kitty", 10, 20)),
        (b"\x1b[6;18;9t\x1b[?62;4;22c", Terminal("sixel", 9, 18)),
        (b"\x1b_Gi=31;ENOTSUPPORTED\x1b\\\x1b[?62;c", Terminal("blocks")),
        (b"\x1b[?1;2c", Terminal("blocks")),
        (b"\x1b[?64;14;22c", Terminal("blocks")),
        (b"", Terminal("blocks")),
        (b"hj\x1b[6;", Terminal("blocks")),
    ],
)
def test_answers_are_understood(answer: bytes, told: Terminal) -> None:
    assert understood(answer) == told


def test_a_multiplexer_passes_no_kitty_graphics_on() -> None:
    assert understood(b"\x1b_Gi=31;OK\x1b\\\x1b[?1;2;4c", multiplexed=True) == Terminal("sixel")


@pytest.mark.parametrize("choice", ["kitty", "sixel", "blocks", "none"])
def test_what_the_user_chose_is_not_asked(choice: str) -> None:
    assert detect(choice).graphics == choice


def test_no_query_is_written_where_there_is_no_terminal() -> None:
    code = "from noisegraph.tui.picture.terminal import detect; print(detect())"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=True
    )
    assert done.stdout == f"{Terminal()}\n"


@pytest.mark.parametrize(
    ("answer", "told"),
    [(b"\x1b_Gi=31;OK\x1b\\\x1b[6;20;10t\x1b[?62;c", Terminal("kitty", 10, 20)), (b"", Terminal())],
)
def test_a_terminal_is_asked_once_and_given_little_time(answer: bytes, told: Terminal) -> None:
    pty = pytest.importorskip("pty")
    code = (
        "import sys, time; from noisegraph.tui.picture.terminal import detect\n"
        "began = time.monotonic(); found = detect('auto', {}); spent = time.monotonic() - began\n"
        "print('told', found, spent < 0.5, flush=True)"
    )
    here, there = pty.openpty()
    child = subprocess.Popen([sys.executable, "-c", code], stdin=there, stdout=there, close_fds=True)
    os.close(there)
    heard = b""

    def listen() -> None:
        nonlocal heard
        answered = False
        while b"told" not in heard or not heard.endswith(b"\n"):
            try:
                heard += os.read(here, 1024)
            except OSError:
                return
            if QUERY in heard and answer and not answered:
                answered = True
                os.write(here, answer)

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    assert child.wait(20) == 0
    thread.join(5)
    time.sleep(0)
    os.close(here)
    assert heard.count(b"\x1b[c") == 1
    assert f"told {told} True" in heard.decode()
