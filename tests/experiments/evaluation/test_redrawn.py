"""Personas drawn anew: the spread that theory gives, and nothing else changed."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.experiments.calibration.builders import stored_panel
from value_personas.data.calibrated_weights import calibrated_weights
from value_personas.experiments.evaluation.calibrated import Prepared
from value_personas.experiments.evaluation.layout import answers_of
from value_personas.experiments.evaluation.redrawn import persona_replicates, redraw_people
from value_personas.programs.calibration.setting import Setting
from value_personas.programs.descriptor_writer import Descriptor, DescriptorTable
from value_personas.programs.personas import (
    Arrangement,
    Person,
    PersonaSources,
    PopulationSample,
    persona_builder,
)
from value_personas.signatures import (
    Persona,
    Profile,
    Question,
    Scale,
    ValueItem,
)

EQUAL = np.full((6, 40), 1 / 40)
SETTINGS = [
    Setting(method="none"),
    Setting(strength={"all": 3.0}),
    Setting(strength={"all": 3.0}, level="population"),
    Setting(method="end-points", strength={"all": 0.4}, level="population"),
]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: f"{s.method}-{s.level}")
def test_a_replicate_is_the_estimate_of_the_drawn_personas(setting):
    panel = stored_panel(countries=2, personas=6, missing=0.1, max_missing=1.0)
    got = persona_replicates(Prepared(panel), setting, replicates=3, seed=4)
    counts = [redraw_people(6, 3, 4, country) for country in panel.countries]
    for r in range(3):
        weights = panel.weights * np.stack([one[r] for one in counts])
        values = {name: getattr(panel, name) for name in panel.__dataclass_fields__}
        shares = weights / weights.sum(axis=1, keepdims=True)
        drawn = type(panel)(**values | {"weights": shares, "borne": shares})
        np.testing.assert_allclose(got[r], Prepared(drawn).estimate(setting), atol=1e-10)


def test_the_mean_varies_as_the_personas_means_do():
    panel = stored_panel(personas=40, weights=EQUAL)
    setting = Setting(method="none")
    r = np.nan_to_num(panel.scores)
    means = (persona_replicates(Prepared(panel), setting, replicates=800) * r).sum(axis=-1)
    expected = Prepared(panel).average(setting).between / 40
    np.testing.assert_allclose(means.var(axis=0), expected, rtol=0.25)
    np.testing.assert_allclose(means.var(axis=0).mean(), expected.mean(), rtol=0.04)


def test_the_same_seed_draws_the_same_personas_for_every_method():
    panel = stored_panel()
    one, two = (persona_replicates(Prepared(panel), s, replicates=5, seed=1) for s in SETTINGS[:2])
    r = np.nan_to_num(panel.scores)
    np.testing.assert_allclose((one * r).sum(axis=-1), (two * r).sum(axis=-1), atol=1e-9)


ITEMS = tuple(ValueItem(code, code, Scale(("a", "b", "c"), (1.0, 2.0, 3.0))) for code in ("I1", "I2"))
QUESTION = Question("Q1", "?", Scale(("no", "yes"), (0.0, 1.0)))
TABLE = DescriptorTable(
    tuple(
        Descriptor(item.code, score, "hedged", f"{item.code} is {score:g}", "somebody")
        for item in ITEMS
        for score in item.scale.scores
    )
)


@dataclass(frozen=True)
class Panel:
    """Everybody answers by the first item alone, whatever else the text tells."""

    personas: tuple[Persona, ...]
    questions: tuple[Question, ...] = (QUESTION,)
    draws: int = 0

    @property
    def log_p(self) -> NDArray[np.float64]:
        yes = np.array([p.profile.as_dict()["I1"] / 4 for p in self.personas if p.profile])
        return np.log(np.stack([1 - yes, yes], axis=-1))[:, None, :]


def population(persons: int = 30) -> PopulationSample:
    """Nine profiles shared very unevenly among the persons drawn."""
    rng = np.random.default_rng(2)
    told = [(float(a), float(b)) for a, b in rng.choice([1, 2, 3], (persons, 2), p=(0.6, 0.3, 0.1))]
    people = tuple(Person(Profile(("I1", "I2"), one), 1 / persons) for one in told)
    distinct = sorted(set(told))
    shares = tuple(told.count(one) / persons for one in distinct)
    return PopulationSample("XNA", "X", tuple(Profile(("I1", "I2"), d) for d in distinct), shares, people)


def redrawn(
    sample: PopulationSample, arrangement: Arrangement, kind: str = "values-hedged"
) -> NDArray[np.float64]:
    """The share of yes after persons were drawn anew, shape (R,)."""
    sources = PersonaSources(ITEMS, {"hedged": TABLE}, {"XNA": sample}, arrangement)
    personas = persona_builder(kind, sources).build(sample)
    panel = answers_of(Panel(personas), np.full((1, 1, 2), np.nan), {}, method=kind)
    return persona_replicates(Prepared(panel), Setting(method="none"), replicates=2000, seed=3)[:, 0, 0, 1]


@pytest.mark.parametrize(
    ("sample", "arrangement", "kind"),
    [
        (population().only(("I1",)), Arrangement(), "values-hedged"),
        (population(), Arrangement("both"), "values-hedged"),
        (population(), Arrangement("shuffled", replicates=3), "values-hedged"),
        (population(), Arrangement(), "values-verbatim"),
        (population().only(("I1",)), Arrangement("shuffled", replicates=2), "values-hedged+country"),
    ],
    ids=("profiles merged", "both orders", "three texts", "verbatim", "merged, two texts"),
)
def test_persons_are_drawn_however_few_or_many_texts_tell_of_them(sample, arrangement, kind):
    yes = np.array([person.profile.as_dict()["I1"] / 4 for person in population().people])
    by_hand = redraw_people(30, 2000, 3, "XNA") @ yes / 30
    np.testing.assert_allclose(redrawn(sample, arrangement, kind), by_hand, atol=1e-12)
    assert by_hand.var() == pytest.approx(yes.var() / 30, rel=0.1)


def test_texts_of_nobody_who_was_drawn_are_drawn_themselves():
    alone = tuple(replace(p, weight=1.0 / 30) for p in population().individuals())
    personas = tuple(Persona("x", str(i), p.weight, "XNA", p.profile) for i, p in enumerate(alone))
    panel = answers_of(Panel(personas), np.full((1, 1, 2), np.nan), {}, method="x")
    assert panel.people.tolist() == [list(range(30))]
    assert panel.texts == 1


@pytest.mark.parametrize("arrangement", [Arrangement(), Arrangement("both")], ids=("one text", "two texts"))
def test_persons_are_counted_not_texts(arrangement):
    sample = population().only(("I1",))
    sources = PersonaSources(ITEMS, {"hedged": TABLE}, {"XNA": sample}, arrangement)
    personas = persona_builder("values-hedged", sources).build(sample)
    panel = answers_of(Panel(personas), np.full((1, 1, 2), np.nan), {}, method="values-hedged")
    assert len(personas) == 3 * panel.texts
    np.testing.assert_allclose(panel.effective_people, [30.0])


def weighted_personas(people: int = 60) -> tuple[Persona, ...]:
    """Persons drawn once each, with calibrated weights of one made-up item."""
    z = np.random.default_rng(2).normal(size=(people, 1))
    found = calibrated_weights(z, np.zeros(1))
    return tuple(
        Persona(
            kind="values-hedged",
            text=f"{i}",
            weight=w,
            country="XNA",
            profile=Profile(("I1",), (1.0 + i % 3,)),
            draws=(i,),
            jackknife=tuple(found.jackknife[:, i].tolist()),
        )
        for i, w in enumerate(found.weights.tolist())
    )


def test_calibrated_weights_vary_as_their_jackknife() -> None:
    personas = weighted_personas()
    panel = answers_of(Panel(personas), np.full((1, 1, 2), np.nan), {}, method="values-hedged")
    yes = np.exp(panel.log_p[0, 0, :, 1])
    left_out = np.array([persona.jackknife for persona in personas]).T @ yes
    variance = 19 / 20 * ((left_out - left_out.mean()) ** 2).sum()
    setting = Setting(method="none")
    got = persona_replicates(Prepared(panel), setting, replicates=20, seed=3)[:, 0, 0, 1]
    assert got.var(ddof=1) == pytest.approx(variance, rel=1e-6)
    estimate = Prepared(panel).estimate(setting)[0, 0, 1]
    np.testing.assert_allclose(got - estimate, 19 / np.sqrt(20) * (left_out - left_out.mean()), atol=1e-12)
    many = persona_replicates(Prepared(panel), setting, replicates=4000, seed=3)[:, 0, 0, 1]
    assert many.var(ddof=1) == pytest.approx(variance, rel=0.1)
