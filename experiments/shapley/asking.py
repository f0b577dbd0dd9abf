"""The asking stage: a plan within the budget, stated before the first call, and every coalition asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from value_personas.experiments.evaluation.fitted import Calibration
from value_personas.experiments.fieldwork.asking import (
    needed_variants,
    open_panel,
    persona_sources,
    write_descriptors,
)
from value_personas.experiments.fieldwork.fieldwork import Fieldwork
from value_personas.experiments.fieldwork.preparing import Asking
from value_personas.experiments.fieldwork.rehearsal import Estimate, Rehearsal
from value_personas.experiments.progress.reporter import Reporter
from value_personas.experiments.recipe.recipe import DescriptorSection
from value_personas.experiments.recipe.shapley import ShapleySettings
from value_personas.experiments.shapley.game import Board, CellErrors, Errors, play
from value_personas.experiments.shapley.planning import Plan, plan_coalitions
from value_personas.experiments.shapley.players import Player
from value_personas.experiments.shapley.roster import Roster
from value_personas.programs import DescriptorTable, Panel, Variant, persona_builder
from value_personas.programs.engines import Model, tallied
from value_personas.programs.personas import parse_kind
from value_personas.signatures import Question

_PAGES_LOOKED_AT = 50_000
"""Of all coalitions together, when it is estimated what is still to be paid for."""

Approve = Callable[[Estimate], None]


@dataclass(frozen=True, slots=True)
class Game:
    """Everything the game is played with.

    Attributes:
        settings: kinds, method, budget.
        asking: who is asked what, and how.
        players: whose values are told.
        errors: of every cell.
        calibration: what answers are calibrated by.
        draws: how often each country's people are drawn anew.
        seed: of every draw.
    """

    settings: ShapleySettings
    asking: Asking
    players: tuple[Player, ...]
    errors: CellErrors
    calibration: Calibration
    draws: int
    seed: int


@dataclass(frozen=True, slots=True)
class Played:
    """What was asked and what came of it.

    Attributes:
        plan: which coalitions.
        errors: of every coalition and cell.
        descriptors: the descriptor table of each variant that was needed.
        identity: the engine and everything about it that determines an answer.
        elicitation: how answers were got, and why so.
        usage: calls, replies from the store, tokens and cost.
    """

    plan: Plan
    errors: Errors
    descriptors: Mapping[Variant, DescriptorTable]
    identity: str
    elicitation: str
    usage: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Ready:
    board: Board
    plan: Plan
    descriptors: Mapping[Variant, DescriptorTable]
    why: str


def ask_coalitions(
    field: Fieldwork, game: Game, reporter: Reporter, approve: Approve | None = None
) -> Played:
    """Plan, have it approved, and ask; everything already in the store is read from there.

    Args:
        field: holds the store, and opens the models.
        game: what is played.
        reporter: is told the upper bound of the calls before the first one.
        approve: called with what is still to be paid for; it raises to end the run.
    """
    asking = game.asking
    respondent, writer = field.model(asking.respondent), field.model(asking.writer)
    spec = parse_kind(game.settings.kind)
    roster = Roster(asking.samples, spec, game.players, game.draws, game.seed)
    with tallied() as tally:
        rehearsal = Rehearsal(field, asking.respondent, asking.writer)
        rehearsed = field.wait(_make_ready(game, roster, rehearsal.respondent, rehearsal.writer))
        assumptions = _announce(game, rehearsed, rehearsal, reporter, approve)
        ready = field.wait(_make_ready(game, roster, respondent, writer))
        if assumptions or ready.plan.calls != rehearsed.plan.calls:  # now it is known
            again = Rehearsal(field, asking.respondent, asking.writer)
            _announce(game, ready, again, reporter, approve)
        total = sum(map(ready.board.texts, ready.plan.coalitions)) * len(asking.questions)
        answered = partial(_count, reporter, game.settings.kind, total)
        errors = field.wait(play(ready.board, ready.plan, game.errors, answered))
        respondent.require_answers()
    usage = tally.of(respondent.usage).as_dict()
    return Played(ready.plan, errors, ready.descriptors, respondent.identity, ready.why, usage)


async def _make_ready(game: Game, roster: Roster, respondent: Model, writer: Model) -> _Ready:
    asking, settings = game.asking, game.settings
    descriptors = await write_descriptors(asking, writer, needed_variants((settings.kind,)))
    sources = persona_sources(asking, descriptors)
    builder, empty = persona_builder(settings.kind, sources), persona_builder(settings.empty, sources)
    first = builder.build(roster.somebody)[0]
    panel, why = await open_panel(asking, respondent, first)
    board = Board(
        roster,
        asking.samples,
        builder,
        empty,
        panel,
        asking.questions,
        game.calibration.setting,
        asking.respondent.max_missing,
    )
    calls = _requests_a_text(panel, asking.questions)
    plan = plan_coalitions(
        settings,
        game.players,
        lambda coalition: calls * board.texts(coalition),
        _calls_before(asking.descriptors, descriptors),
        game.seed,
    )
    return _Ready(board, plan, descriptors, why)


def _announce(
    game: Game, ready: _Ready, rehearsal: Rehearsal, reporter: Reporter, approve: Approve | None
) -> tuple[str, ...]:
    """State the upper bound; have what is not yet in the store approved. Returns what had to be assumed."""
    coalitions, questions = ready.plan.coalitions, game.asking.questions
    reporter.note(
        f"{len(coalitions):,} coalitions of {len(game.players)} players, asked with at most "
        f"{ready.plan.calls:,} calls, those that are stored already included"
    )
    if approve is None:
        return ()
    pages = max(1, _PAGES_LOOKED_AT // len(coalitions))
    casts = ready.board.casts(coalitions)
    expected = rehearsal.estimate(
        ready.descriptors, ((ready.board.panel, cast, questions) for cast in casts), pages
    )
    approve(expected)
    return expected.assumptions


def _requests_a_text(panel: Panel, questions: tuple[Question, ...]) -> int:
    """Requests that ask one text all questions, every draw that may be redrawn counted twice."""
    way = panel.respondent.elicitation
    return panel.requests_a_persona(questions) // way.draws * (way.draws + way.redraws)


def _calls_before(section: DescriptorSection, tables: Mapping[Variant, DescriptorTable]) -> int:
    """Every descriptor at as many attempts as are allowed, and the question that tries the engine."""
    if section.frozen:
        return 1
    return 1 + section.attempts * sum(len(table.descriptors) for table in tables.values())


def _count(reporter: Reporter, kind: str, total: int, n: int) -> None:
    reporter.answered(kind, n, total)
