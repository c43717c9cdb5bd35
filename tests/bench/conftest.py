"""Measurements are made only when they are asked for: `pytest -m bench tests/bench`."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the measurements out, also of `pytest -m "not slow"`."""
    if "bench" in config.option.markexpr and "not bench" not in config.option.markexpr:
        return
    left = [item for item in items if item.get_closest_marker("bench") is None]
    config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("bench") is not None])
    items[:] = left
