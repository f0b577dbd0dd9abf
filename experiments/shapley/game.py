"""Every coalition asked, one after the other, and the error that each leaves in every cell."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from value_personas.experiments.evaluation.calibrated import SharedAnswers
from value_personas.experiments.evaluation.redrawn import moved_by_groups
from value_personas.experiments.scoring import SCORES, score_array
from value_personas.experiments.shapley.planning import Plan
from value_personas.experiments.shapley.roster import Cast, Roster
from value_personas.programs import Panel, PanelResult, PopulationSample
from value_personas.programs.calibration import Setting
from value_personas.programs.personas import PersonaBuilder
from value_personas.signatures import Array, Persona, Question


@dataclass(frozen=True, slots=True)
class CellErrors:
    """How far predictions are from people's answers, cell by cell.

    Attributes:
        human: shape (C, M, K), NaN where a country was not asked.
        questions: M questions.
        score: a name of ``SCORES``.
    """

    human: Array
    questions: tuple[Question, ...]
    score: str

    def of(self, predicted: Array) -> Array:
        """Errors, 0 is best: shape (..., C, M, K) → (..., C, M); NaN where undefined."""
        scales = [question.scale.values for question in self.questions]
        values = score_array(self.human, predicted, scales, [self.score])[self.score]
        errors = SCORES[self.score].as_error(values)
        return np.where(np.isfinite(errors), errors, np.nan)


@dataclass(frozen=True, slots=True)
class Board:
    """Everything that a coalition is asked with.

    Attributes:
        roster: whose texts.
        samples: the population of each country.
        builder: of the kind that carries the items.
        empty: of the kind that stands for no item.
        panel: asks.
        questions: M questions.
        setting: how answers are calibrated.
        max_missing: the share of missing answers above which a cell is not estimated.
    """

    roster: Roster
    samples: tuple[PopulationSample, ...]
    builder: PersonaBuilder
    empty: PersonaBuilder
    panel: Panel
    questions: tuple[Question, ...]
    setting: Setting
    max_missing: float

    def cast(self, coalition: int) -> Cast:
        """Who is asked for a coalition."""
        if coalition == 0:
            return self.roster.cast_without(self.samples, self.empty)
        return self.roster.cast(coalition, self.builder)

    def texts(self, coalition: int) -> int:
        """How many different texts a coalition takes, at most."""
        if coalition == 0:
            return len(self.cast(0).personas)
        return self.roster.groups(coalition) * len(self.builder.build(self.roster.somebody))

    def casts(self, coalitions: Sequence[int]) -> Iterator[tuple[Persona, ...]]:
        """The personas of each coalition, built when they are wanted."""
        return (self.cast(coalition).personas for coalition in coalitions)


@dataclass(frozen=True, slots=True)
class Errors:
    """What is kept of all answers: no coalition's, but the errors they leave.

    For S coalitions, C countries, M questions, R draws and the P figures of all tables this takes
    8·C·M·(S + R·P) bytes: 35 + 22 MB for 1,024 coalitions of ten items, 66 countries × 66 questions and 20
    draws. Besides, one coalition's answers and weights are held at a time, 8·T·(M·K + 1 + R) bytes for T
    texts of one country each and K options: 70 + 2 MB for 13,200 texts there.

    Attributes:
        cells: shape (S, C, M), NaN where undefined.
        drawn: table → shape (R, P, C, M): its figures after each country's persons were drawn anew.
        missing: shape (S,), the share of a coalition's answers that are missing.
    """

    cells: Array
    drawn: dict[str, Array]
    missing: Array


async def play(
    board: Board, plan: Plan, errors: CellErrors, on_answered: Callable[[int], None] = lambda n: None
) -> Errors:
    """Ask every coalition every question.

    Args:
        board: who is asked, and how.
        plan: which coalitions, and how they add up.
        errors: of every cell.
        on_answered: called with the (persona, question) cells just settled.

    Raises:
        EngineError: when the engine cannot answer at all, or a limit is reached.
    """
    c, m = errors.human.shape[:2]
    cells, missing = np.empty((len(plan.coalitions), c, m)), np.empty(len(plan.coalitions))
    mean_weights = {name: table.weights.mean(axis=0) for name, table in plan.tables.items()}
    drawn = {name: np.zeros((board.roster.draws, len(w), c, m)) for name, w in mean_weights.items()}
    for s, coalition in enumerate(plan.coalitions):
        cast = board.cast(coalition)
        answers = await board.panel.ask(cast.personas, board.questions, on_answered)
        missing[s] = (answers.missing >= 0).mean()
        cells[s], redrawn = _errors(board, cast, answers, errors)
        for name, weights in mean_weights.items():
            if weights[:, s].any():
                drawn[name] += weights[:, s, None, None] * redrawn[:, None]
    return Errors(cells, drawn, missing)


def _errors(board: Board, cast: Cast, answers: PanelResult, errors: CellErrors) -> tuple[Array, Array]:
    """A coalition's errors as drawn, shape (C, M), and after persons were drawn anew, shape (R, C, M)."""
    shared = SharedAnswers(answers, board.setting)
    own = [shared.means(one.weights[None], board.max_missing, one.texts)[0] for one in cast.shares]
    estimate, roster = np.stack(own), board.roster
    # A draw is estimated from whatever it caught: whether a cell counts is decided on the sample itself.
    means = np.stack([shared.means(one.redrawn, 1.0, one.texts) for one in cast.shares], axis=1)
    if roster.by_groups:
        means = moved_by_groups(estimate, means, roster.countries, roster.draws, roster.seed)
    as_drawn, redrawn = errors.of(estimate), errors.of(means)
    return as_drawn, np.where(np.isnan(redrawn), as_drawn, redrawn)
