"""What the runs of a worker pass: names that may be taken, and runs that are to stop."""

from __future__ import annotations

import threading

from noisegraph.serving.gate import Gate


def test_c83_a_name_is_taken_once_of_eight_threads_and_free_when_its_run_ended() -> None:
    gate, begin = Gate(), threading.Barrier(8)
    admitted: list[bool] = []

    def ask() -> None:
        begin.wait()
        admitted.append(gate.admit("one"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(admitted) == [False] * 7 + [True]
    gate.leave("one")
    assert gate.admit("one")


def test_runs_without_a_name_wait_beside_each_other() -> None:
    gate = Gate()
    assert gate.admit("")
    assert gate.admit("")


def test_a_run_that_is_cancelled_before_it_begins_does_not_go_on_and_the_next_of_its_name_does() -> None:
    gate = Gate()
    gate.admit("one")
    gate.cancel("one")
    assert gate.cancelled("one")
    assert not gate.may_go_on("one")
    gate.leave("one")
    gate.admit("one")
    assert not gate.cancelled("one")
    assert gate.may_go_on("one")


def test_to_cancel_what_ended_or_never_was_cancels_nothing_that_comes() -> None:
    gate = Gate()
    gate.admit("one")
    gate.leave("one")
    for name in ("one", "never", ""):
        gate.cancel(name)
        gate.admit(name)
        assert gate.may_go_on(name)


def test_names_do_not_pile_up() -> None:
    gate = Gate()
    for number in range(1000):
        gate.cancel(f"unknown {number}")
        gate.admit(str(number))
        gate.cancel(str(number))
        gate.leave(str(number))
        gate.cancel(str(number))
    held = [value for value in vars(gate).values() if isinstance(value, (set, dict))]
    assert held
    assert not any(held)
