import contextlib
import gc
from collections.abc import Iterator

import pytest

from value_personas.programs.engines.collecting import rare_collections


@pytest.fixture(autouse=True)
def pythons_own_threshold() -> Iterator[None]:
    """The tests themselves collect rarely, as commands do."""
    of_tests = gc.get_threshold()
    gc.set_threshold(700, *of_tests[1:])
    yield
    gc.set_threshold(*of_tests)


def test_collection_is_as_before_after_the_last_scope_whichever_ends_first() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    first, second = rare_collections(), rare_collections()
    first.__enter__()
    during = gc.get_threshold()
    assert during[0] > before[0]
    second.__enter__()
    first.__exit__(None, None, None)
    assert gc.get_threshold() == during
    second.__exit__(None, None, None)
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == frozen


def test_an_error_within_restores_it_too() -> None:
    before = gc.get_threshold()
    with contextlib.suppress(RuntimeError), rare_collections():
        assert gc.get_threshold() != before
        raise RuntimeError
    assert gc.get_threshold() == before
