"""What all tests share: calm hypothesis settings for a busy machine, and the folder of real data where it exists."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("calm", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("calm")

SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The real recordings that lie beside the project on its developers' machines."""
    if not SHARED.is_dir():
        pytest.skip("real recordings (../shared/data) are not on this machine")
    return SHARED
