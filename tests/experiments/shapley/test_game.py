"""A coalition of all items is drawn anew as a run draws the same personas."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.builders import TEN
from value_personas.data.calibrated_weights import calibrated_weights
from value_personas.experiments.evaluation.calibrated import Prepared
from value_personas.experiments.evaluation.layout import answers_of
from value_personas.experiments.evaluation.redrawn import persona_replicates
from value_personas.experiments.shapley.game import Board, CellErrors, _errors
from value_personas.experiments.shapley.players import choose_players
from value_personas.experiments.shapley.roster import Roster
from value_personas.programs.calibration import Setting
from value_personas.programs.personas import (
    Arrangement,
    NoPersona,
    Person,
    PersonaSources,
    PopulationSample,
    parse_kind,
    persona_builder,
)
from value_personas.signatures import Persona, Profile, Question, Scale, ValueItem

ITEMS = tuple(ValueItem(f"I{i}", f"item {i}", TEN) for i in range(2))
QUESTIONS = tuple(Question(f"Q{i}", "?", Scale(("a", "b", "c"), (1.0, 2.0, 3.0))) for i in range(3))
PLAYERS = choose_players("items", ITEMS, {})


@dataclass(frozen=True)
class Panel:
    """Answers by the items and nothing else."""

    personas: tuple[Persona, ...]
    questions: tuple[Question, ...] = QUESTIONS
    draws: int = 0

    @property
    def log_p(self) -> NDArray[np.float64]:
        told = np.array([p.profile.answers for p in self.personas if p.profile])
        location = told @ np.array([[0.1, 0.05, -0.1], [0.02, 0.1, 0.05]]) + 1.0
        law = np.exp(-((np.arange(1, 4) - location[..., None]) ** 2))
        return np.asarray(np.log(law / law.sum(axis=-1, keepdims=True)))


def sample(country: str, seed: int, calibrated: bool, persons: int = 60) -> PopulationSample:
    rng = np.random.default_rng(seed)
    told = rng.integers(1, 5, (persons, 2)).astype(float)
    found = calibrated_weights(told - told.mean(axis=0), np.array([0.1, -0.1]))
    weights = found.weights.tolist() if calibrated else [1.0 / persons] * persons
    people = tuple(
        Person(
            Profile(("I0", "I1"), tuple(row)),
            weight,
            jackknife=tuple(found.jackknife[:, i].tolist()) if calibrated else (),
        )
        for i, (row, weight) in enumerate(zip(told.tolist(), weights, strict=True))
    )
    shares: dict[Profile, float] = {}
    for person in people:
        shares[person.profile] = shares.get(person.profile, 0.0) + person.weight
    return PopulationSample(country, country, tuple(shares), tuple(shares.values()), people)


@pytest.mark.parametrize("calibrated", [True, False], ids=("left out by groups", "drawn with replacement"))
@pytest.mark.parametrize("draws", [20, 7])
@pytest.mark.parametrize("level", ["persona", "population"])
def test_all_items_together_vary_as_the_run_of_the_same_personas(
    calibrated: bool, draws: int, level: str
) -> None:
    samples = tuple(sample(country, seed, calibrated) for seed, country in enumerate(("XNA", "XNB")))
    sources = PersonaSources(ITEMS, {}, {one.country: one for one in samples}, Arrangement())
    builder = persona_builder("values-verbatim", sources)
    setting = Setting(strength={"all": 2.0}, level=level)  # type: ignore[arg-type]
    human = np.random.default_rng(9).dirichlet(np.ones(3), (2, 3))
    errors = CellErrors(human, QUESTIONS, "wasserstein")

    roster = Roster(samples, parse_kind("values-verbatim"), PLAYERS, draws, seed=5)
    board = Board(roster, samples, builder, NoPersona(), None, QUESTIONS, setting, 0.2)  # type: ignore[arg-type]
    cast = board.cast(0b11)
    as_drawn, redrawn = _errors(board, cast, Panel(cast.personas), errors)  # type: ignore[arg-type]

    personas = tuple(persona for one in samples for persona in builder.build(one))
    prepared = Prepared(answers_of(Panel(personas), human, {}, method="values-verbatim"))  # type: ignore[arg-type]
    np.testing.assert_allclose(as_drawn, errors.of(prepared.estimate(setting)), atol=1e-12)
    expected = persona_replicates(prepared, setting, replicates=draws, seed=5)
    assert redrawn.std(axis=0).min() > 0
    np.testing.assert_allclose(redrawn, errors.of(expected), atol=1e-9)


def test_what_a_coalition_holds_grows_as_the_countries_do() -> None:
    """Texts that name the country: each country holds shares of its own alone."""

    def held(countries: int) -> int:
        samples = tuple(sample(f"X{n:02}", n, calibrated=True, persons=44) for n in range(countries))
        sources = PersonaSources(ITEMS, {}, {one.country: one for one in samples}, Arrangement())
        kind = "values-verbatim+country"
        roster = Roster(samples, parse_kind(kind), PLAYERS, 20, seed=0)
        cast = roster.cast(0b11, persona_builder(kind, sources))
        return sum(one.weights.size + one.redrawn.size for one in cast.shares)

    assert held(24) == pytest.approx(4 * held(6), rel=0.1)
