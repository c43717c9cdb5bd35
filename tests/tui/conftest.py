"""Every test of the interface has folders of its own for what is remembered, and no animation."""

from __future__ import annotations

from pathlib import Path

import pytest

from .screens import still as still


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    home: Path = tmp_path_factory.mktemp("home")
    for name in ("STATE", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"NOISEGRAPH_{name}", str(home / name.lower()))
    monkeypatch.delenv("NO_COLOR", raising=False)
