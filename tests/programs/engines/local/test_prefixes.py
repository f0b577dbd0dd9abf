"""What of the engine in this process needs no model, and what is said where torch is absent."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from value_personas.programs.engines import EngineSettings, connect
from value_personas.programs.engines.local.prefixes import groups_by_prefix, shared_length
from value_personas.signatures import RecipeError

PROMPTS = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=8).map(tuple), max_size=12)


@given(PROMPTS)
def test_every_prompt_is_in_one_group_that_begins_as_it_does(prompts: list[tuple[int, ...]]) -> None:
    groups = groups_by_prefix(prompts)
    assert sorted(i for members, _ in groups for i in members) == list(range(len(prompts)))
    for members, length in groups:
        assert {prompts[i][:length] for i in members} == {prompts[members[0]][:length]}
        assert all(length < len(prompts[i]) for i in members)


@given(st.lists(st.integers(0, 2)).map(tuple), st.lists(st.integers(0, 2)).map(tuple))
def test_shared_length(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    n = shared_length(one, other)
    assert one[:n] == other[:n]
    assert one[n : n + 1] != other[n : n + 1] or not one[n:] or not other[n:]


def test_two_personas_are_two_groups() -> None:
    system, ann, bob = (1,) * 5, (2,) * 20, (3,) * 20
    prompts = [(*system, *person, question) for person in (ann, bob) for question in (7, 8, 9)]
    assert groups_by_prefix(prompts) == [([0, 1, 2], 25), ([3, 4, 5], 25)]


def test_a_missing_torch_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "value_personas.programs.engines.local.engine", raising=False)
    with pytest.raises(RecipeError, match=r"needs torch: pip install 'value-personas\[local\]'"):
        connect(EngineSettings(lm="local/anything"))
