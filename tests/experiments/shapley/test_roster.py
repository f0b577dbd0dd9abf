"""Who tells the same is one persona, and each country has its own weights on it."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.builders import TEN
from value_personas.experiments.shapley.players import choose_players
from value_personas.experiments.shapley.roster import Cast, Roster
from value_personas.programs.personas import (
    Arrangement,
    CountryRoleplay,
    NoPersona,
    Person,
    PersonaSources,
    PopulationSample,
    parse_kind,
    persona_builder,
)
from value_personas.signatures import Profile, ValueItem

ITEMS = tuple(ValueItem(f"I{i}", f"item {i}", TEN) for i in range(3))
PLAYERS = choose_players("items", ITEMS, {})

PEOPLE = {
    "XNA": [((1.0, 2.0, 3.0), 0.5), ((1.0, 2.0, 9.0), 0.3), ((4.0, 2.0, 3.0), 0.2)],
    "XNB": [((1.0, 2.0, 3.0), 0.1), ((7.0, None, 3.0), 0.9)],
}


def profile(answers: tuple[float | None, ...]) -> Profile:
    told = [(item.code, a) for item, a in zip(ITEMS, answers, strict=True) if a is not None]
    return Profile(tuple(code for code, _ in told), tuple(a for _, a in told))


SAMPLES = tuple(
    PopulationSample(
        country,
        f"name of {country}",
        tuple(profile(answers) for answers, _ in people),
        tuple(weight for _, weight in people),
        tuple(
            Person(profile(answers), weight, {"sex": f"s{i}"}) for i, (answers, weight) in enumerate(people)
        ),
    )
    for country, people in PEOPLE.items()
)


def cast_of(kind: str, coalition: int, draws: int = 0, arrangement: Arrangement | None = None) -> Cast:
    samples = {sample.country: sample for sample in SAMPLES}
    sources = PersonaSources(ITEMS, {}, samples, arrangement or Arrangement())
    roster = Roster(SAMPLES, parse_kind(kind), PLAYERS, draws, seed=0)
    cast = roster.cast(coalition, persona_builder(kind, sources))
    assert roster.groups(coalition) * (arrangement.texts_a_person if arrangement else 1) >= len(cast.personas)
    return cast


def weights_of(cast: Cast) -> NDArray[np.float64]:
    """Each country's share of every text."""
    out = np.zeros((len(cast.shares), len(cast.personas)))
    for row, one in zip(out, cast.shares, strict=True):
        row[one.texts] = one.weights
    return out


def drawn_of(cast: Cast) -> NDArray[np.float64]:
    """Shares after persons were drawn anew: draws × countries × all texts."""
    out = np.zeros((len(cast.shares[0].redrawn), len(cast.shares), len(cast.personas)))
    for c, one in enumerate(cast.shares):
        out[:, c, one.texts] = one.redrawn
    return out


def test_equal_partial_profiles_are_one_text_for_all_countries() -> None:
    cast = cast_of("values-verbatim", 0b001)
    assert [persona.profile for persona in cast.personas] == [
        Profile(("I0",), (answer,)) for answer in (1.0, 4.0, 7.0)
    ]
    np.testing.assert_allclose(weights_of(cast), [[0.8, 0.2, 0.0], [0.1, 0.0, 0.9]])


@pytest.mark.parametrize("coalition", range(1, 8))
def test_weights_are_those_of_each_countrys_own_partial_sample(coalition: int) -> None:
    told = [ITEMS[i].code for i in range(3) if coalition >> i & 1]
    cast = cast_of("values-verbatim", coalition)
    for c, sample in enumerate(SAMPLES):
        partial = sample.only(told)
        weights = dict(zip(partial.profiles, partial.weights, strict=True))
        for persona, weight in zip(cast.personas, weights_of(cast)[c], strict=True):
            assert persona.profile is not None
            assert weight == pytest.approx(weights.get(persona.profile, 0.0), abs=1e-12)
    assert len({persona.text for persona in cast.personas}) == len(cast.personas)


def test_who_answered_none_of_the_items_is_still_somebody() -> None:
    cast = cast_of("values-verbatim", 0b010)
    assert "You are a person." in [persona.text for persona in cast.personas]
    np.testing.assert_allclose(weights_of(cast).sum(axis=1), 1.0)


def test_texts_that_name_the_country_are_kept_apart() -> None:
    cast = cast_of("values-verbatim+country", 0b100)
    assert [sum(name in p.text for p in cast.personas) for name in ("name of XNA", "name of XNB")] == [2, 1]
    np.testing.assert_allclose(weights_of(cast), [[0.7, 0.3, 0.0], [0.0, 0.0, 1.0]])


def test_facts_of_persons_keep_them_apart_and_equal_texts_are_one() -> None:
    cast = cast_of("values-verbatim+demographic", 0b010)
    assert len(cast.personas) == 4  # s0 and s1 are in both countries, and s1 of XNB answered nothing of it
    np.testing.assert_allclose(weights_of(cast).sum(axis=1), 1.0)


def test_several_texts_of_a_person_share_its_weight() -> None:
    one = cast_of("values-verbatim", 0b011)
    both = cast_of("values-verbatim", 0b011, arrangement=Arrangement(order="both", replicates=2))
    assert len(both.personas) == 2 * len(one.personas) - 1  # a single answer reads the same both ways round
    np.testing.assert_allclose(weights_of(both).sum(axis=1), 1.0)
    assert weights_of(both)[0].max() == pytest.approx(weights_of(one)[0].max() / 2)


def test_draws_are_the_same_persons_in_every_coalition() -> None:
    every, part = (cast_of("values-verbatim", coalition, draws=200) for coalition in (0b111, 0b001))
    np.testing.assert_allclose(drawn_of(every).sum(axis=2), 1.0)
    for persona, shares in zip(part.personas, np.moveaxis(drawn_of(part), 2, 0), strict=True):
        assert persona.profile is not None
        (answer,) = persona.profile.answers
        same = [
            t for t, p in enumerate(every.personas) if p.profile and p.profile.as_dict().get("I0") == answer
        ]
        np.testing.assert_allclose(drawn_of(every)[:, :, same].sum(axis=2), shares)
    spread = drawn_of(every)[:, 0].std(axis=0)
    assert (spread[weights_of(every)[0] > 0] > 0.1).all()
    assert not spread[weights_of(every)[0] == 0].any()


def test_texts_that_tell_of_nobody_are_shared_and_never_drawn_anew() -> None:
    roster = Roster(SAMPLES, parse_kind("values-verbatim"), PLAYERS, 3, seed=0)
    none = roster.cast_without(SAMPLES, NoPersona())
    assert (len(none.personas), drawn_of(none).shape) == (10, (3, 2, 10))
    np.testing.assert_allclose(weights_of(none), 0.1)
    named = roster.cast_without(SAMPLES, CountryRoleplay())
    assert len(named.personas) == 20
    assert [len(one.texts) for one in named.shares] == [10, 10]  # a country holds no shares of others' texts
    np.testing.assert_allclose(weights_of(named), np.kron(np.eye(2), np.full(10, 0.1)))
    np.testing.assert_array_equal(drawn_of(named), np.stack([weights_of(named)] * 3))


def test_a_person_stands_for_as_much_as_its_weight_when_drawn() -> None:
    cast = cast_of("values-verbatim", 0b111, draws=4000)
    heavy = drawn_of(cast)[:, 1].max(
        axis=1
    )  # either person of XNB, or the one of weight 0.9 alone, or the other
    assert {round(x, 6) for x in heavy} == {0.9, 1.0}
    assert (heavy == 1.0).mean() == pytest.approx(0.5, abs=3 * math.sqrt(0.25 / 4000))
