"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # before dspy: no network look-ups

SHARED = Path(__file__).resolve().parents[1].parent / "shared"


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of real survey files beside the repository; the test is skipped when it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the real survey files are not beside the repository")
    return SHARED
