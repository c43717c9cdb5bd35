"""Which tests of a contract a class fails, and what they say."""

from __future__ import annotations

from typing import Any


def caught(contract: type[Any]) -> dict[str, str]:
    """Every test of the contract that fails, without its `test_`, and its message."""
    found = {}
    for name in dir(contract):
        if name.startswith("test_"):
            try:
                getattr(contract(), name)()
            except Exception as error:  # a wrong plugin may also break on the way
                found[name.removeprefix("test_")] = str(error)
    return found
