"""A state folder of its own for each test, with nothing of it left afterwards."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.embedded.server_user import remove_outside_folder
from shared.embedded.state import StateFolder

REPLACED = ("KAFKA_BOOTSTRAP_SERVERS", "JAVA_HOME")


@pytest.fixture(autouse=True)
def _no_settings_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PLODNEE_") or name in REPLACED]:
        monkeypatch.delenv(name)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateFolder]:
    folder = StateFolder(tmp_path / "checkout" / ".plodnee")
    yield folder
    remove_outside_folder(folder)
