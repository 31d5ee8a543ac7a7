"""One small province, generated once for all tests of the generator."""

from pathlib import Path

import pytest

from demo.generator import Generated, generate

SEED = 7
COOPERATIVES, MEMBERS = 12, 1500


@pytest.fixture(scope="session")
def province(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a generated province."""
    return generated_province(tmp_path_factory.mktemp("province")).folder


def generated_province(folder: Path) -> Generated:
    """A province as all tests use it."""
    return generate("52", COOPERATIVES, MEMBERS, SEED, folder)
