"""A finished run, judged but not yet written down."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from value_personas import data
from value_personas.experiments.evaluation.comparing import compare
from value_personas.experiments.evaluation.contamination import contamination, contamination_notes
from value_personas.experiments.evaluation.explained import filling_notes, weight_notes
from value_personas.experiments.evaluation.fitted import Calibration, calibration_notes
from value_personas.experiments.evaluation.hypotheses import cells_of, judge_hypotheses
from value_personas.experiments.evaluation.judging import Judgement
from value_personas.experiments.evaluation.map_positions import map_positions
from value_personas.experiments.evaluation.remoteness import Gap, Remoteness, find_gap, gap_tables
from value_personas.experiments.evaluation.structure import structure_of
from value_personas.experiments.evaluation.text_effects import text_notes
from value_personas.experiments.fieldwork.asking import Asked
from value_personas.experiments.fieldwork.descriptors import descriptor_frame, rule_notes
from value_personas.experiments.fieldwork.sample import Populations
from value_personas.experiments.fieldwork.synthetic import synthetic_parts
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.run.result import RunResult
from value_personas.experiments.run.tables import asking_frame, missing_frame
from value_personas.programs import PanelResult
from value_personas.signatures import MissingReason, mean_of_known


@dataclass(frozen=True)
class Outcome:
    """A finished run.

    Attributes:
        recipe: as it was run.
        survey: where the human answers came from.
        profiles: the value profiles of its respondents.
        remoteness: the index of the gap analysis, where the recipe declares one.
        populations: whom the personas were built from.
        asked: what was asked and what came back.
        judgement: how well each method predicted.
        leaks: target questions that a persona states itself, which the recipe allowed.
        remarks: what the comparators have to say, and which cells are in-sample.
        calibrations: what answers were calibrated by.
    """

    recipe: Recipe
    survey: data.Survey
    profiles: data.ProfileTable
    remoteness: Remoteness | None
    populations: Populations
    asked: Asked
    judgement: Judgement
    leaks: tuple[str, ...]
    remarks: tuple[str, ...]
    calibrations: tuple[Calibration, ...]

    @property
    def synthetic(self) -> tuple[str, ...]:
        """Which parts were synthetic."""
        return synthetic_parts(None if self.recipe.predictions else self.recipe.respondent.lm, self.survey)

    @cached_property
    def gap(self) -> Gap | str | None:
        """Errors against an index of representation; a sentence where they cannot be analysed."""
        return find_gap(self.remoteness, self.judgement, self.recipe.scoring.level, self.recipe.seed)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of the data and the run, a sentence each."""
        return (
            *self.survey.notes,
            *self.profiles.notes,
            *self.populations.notes,
            *self.remarks,
            *_asking_notes(self.asked),
            *_stored_notes(self.asked),
            *_place_notes(self.asked),
            *_scoring_notes(self.asked, self.judgement),
            *_order_notes(self.asked, self.judgement),
            *alike_notes(self.judgement.estimates, tuple(self.asked.panels), self.synthetic),
            *weight_notes(self.asked.panels),
            *filling_notes(self.asked.panels, self.profiles.moved),
            *self._text_notes(),
            *self._calibration_notes(),
            *contamination_notes(self.contamination),
            *((self.gap,) if isinstance(self.gap, str) else ()),
        )

    @cached_property
    def contamination(self) -> pd.DataFrame:
        """How near forecasts come to their own country's shares and to others'; empty without forecasts."""
        return contamination(self.judgement.estimates, self.recipe.personas, self.recipe.scoring.level)

    @cached_property
    def structure(self) -> pd.DataFrame:
        """Whether persons resemble people one by one; empty where no kind tells persons apart."""
        return structure_of(
            self.survey,
            self.profiles,
            self.populations,
            self.asked.panels,
            level=self.recipe.scoring.level,
            seed=self.recipe.seed,
        )

    @cached_property
    def hypotheses(self) -> pd.DataFrame:
        """The recipe's claims with their verdicts; empty where it states none."""
        stated = self.recipe.hypotheses
        if not stated:
            return pd.DataFrame()
        index = None if self.remoteness is None else self.remoteness.index
        return judge_hypotheses(stated, cells_of(self.judgement, index), self.recipe.scoring.level)

    def _calibration_notes(self) -> Iterator[str]:
        section, asked = self.recipe.calibration, self.asked
        return calibration_notes(
            section, self.calibrations, asked.panels, asked.identity, bool(self.synthetic)
        )

    def _text_notes(self) -> Iterator[str]:
        recipe = self.recipe
        wordings, max_missing = recipe.descriptors.wordings, recipe.respondent.max_missing
        return text_notes(self.asked, recipe.persona_text, wordings, max_missing)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table that is kept, by its name; those that not every run has only where this one does."""
        judgement, descriptors = self.judgement, self.asked.descriptors.values()
        tables = {
            "estimates": judgement.estimates,
            "scores": judgement.cells,
            "summary": judgement.summary,
            "measures": judgement.measures,
            "nulls": judgement.nulls,
            "comparisons": compare(judgement, self.recipe.scoring, self.recipe.seed),
            "missing": missing_frame(self.asked),
            "asking": asking_frame(self.asked),
        }
        if len(self.structure):
            tables["structure"] = self.structure
        if len(self.hypotheses):
            tables["hypotheses"] = self.hypotheses
        if descriptors:
            tables["descriptors"] = descriptor_frame(descriptors, self.populations.items)
        if judgement.held_out is not None:
            tables["held_out"] = judgement.held_out.summary
        if isinstance(self.gap, Gap):
            tables["gap"], tables["gap_countries"] = gap_tables(self.gap)
        if len(self.contamination):
            tables["contamination"] = self.contamination
        instrument, max_missing = self.recipe.profiles.instrument, self.recipe.respondent.max_missing
        if len(points := map_positions(instrument, self.profiles, self.asked, max_missing)):
            tables["map"] = points
        return tables

    def result(self, folder: Path) -> RunResult:
        """What the run gives back, before it has a record; ``folder`` is where its files go."""
        return RunResult(
            recipe=self.recipe,
            estimates=self.judgement.estimates,
            scores=self.judgement.cells,
            summary=self.judgement.summary,
            measures=self.judgement.measures,
            nulls=self.judgement.nulls,
            hypotheses=self.hypotheses,
            floor=self.judgement.floor,
            held_out=self.judgement.held_out,
            missing={kind: panel.missing_by_reason() for kind, panel in self.asked.panels.items()},
            nothing=_nothing_estimated(self.asked, self.judgement),
            places=self.asked.places,
            usage=self.asked.usage,
            notes=self.notes,
            synthetic=self.synthetic,
            leaks=self.leaks,
            mlflow_run_id="",
            folder=folder,
        )


def _asking_notes(asked: Asked) -> Iterator[str]:
    """How it was asked, and how far answers hang on that."""
    yield asked.elicitation
    if asked.prompts and all(np.isnan(panel.order_effect).all() for panel in asked.panels.values()):
        how = 'respondent.option_order = "both" measures it'
        yield f"how far the order of options moves answers is not measured; {how}"
    for kind, panel in asked.panels.items():
        if not np.isnan(panel.order_effect).all():
            yield f"{kind}: {_order_effect(panel)}"
        if not np.isnan(panel.wording_spread).all():
            spread = np.nanmean(panel.wording_spread)
            yield f"{kind}: answers move with the wording by {spread:.3f} (mean total variation)"
    yield from _stray_notes(asked)
    yield from rule_notes(asked.descriptors)


def _order_effect(panel: PanelResult) -> str:
    """How far answers hang on where an option stands."""
    moved = f"answers move with the order of the options by {np.nanmean(panel.order_effect):.3f}"
    if panel.order_chance is None or np.isnan(panel.order_chance).all():
        return f"{moved} (mean total variation)"
    return (
        f"{moved} (mean total variation between those asked forward and those asked in reverse; "
        f"{np.nanmean(panel.order_chance):.3f} by chance alone)"
    )


_WORTH_TELLING = 0.0005
"""Stray mass that would be printed as more than nought."""

_NEAR = 0.5
"""The share of an option's mean mass at which stray letters are told of for a question."""


def _stray_notes(asked: Asked) -> Iterator[str]:
    """Letters that are no option of the page, where first tokens were looked at."""
    for kind, panel in asked.panels.items():
        if panel.stray_mass is None or np.isnan(panel.stray_mass).all():
            continue
        stray = mean_of_known(panel.stray_mass)
        if (mean := float(np.nanmean(stray))) < _WORTH_TELLING:
            continue
        yield f"{kind}: {mean:.3f} of first tokens is a letter that is no option of its page (stray mass)"
        option = mean_of_known(panel.label_mass) / [len(question.scale) for question in panel.questions]
        near = [q.code for q, s, o in zip(panel.questions, stray, option, strict=True) if s >= _NEAR * o]
        if near:
            yield (
                f"{kind}: on {len(near)} questions ({near[0]} for one) stray mass is near an option's, half "
                "of its mean or more: letters are chosen there for other reasons than what they stand for"
            )


def _stored_notes(asked: Asked) -> Iterator[str]:
    """Which missing answers the same command finds again, because they were replied to."""
    kept = [
        f"{kind} {', '.join(f'{n} {reason}' for reason, n in stored.items())}"
        for kind, panel in asked.panels.items()
        if (stored := panel.stored_by_reason())
    ]
    if kept:
        yield f"missing by replies that are kept: {'; '.join(kept)}; --ask-again REASON asks them anew"


def _place_notes(asked: Asked) -> Iterator[str]:
    """Who of several servers or workers answered how much, and how much of it a prefix cache had."""
    for name, did in asked.places.items():
        told = f"{did['calls']:,.0f} calls of {did['personas']:,.0f} personas"
        parts = [told, f"{1000 * did['mean_latency_s']:,.0f} ms each"]
        if did["cached_tokens"]:
            share = did["cached_tokens"] / did["input_tokens"]
            parts.append(f"{share:.0%} of what it read was in its prefix cache")
        if did["failures"]:
            parts.append(f"{did['failures']:,.0f} failed")
        if did["parked"]:
            parts.append(f"passed over {did['parked']:,.0f} times")
        yield f"{name}: {', '.join(parts)}"


_WHAT_TO_SET = {
    MissingReason.REASONING_ONLY: "set respondent.elicitation.max_tokens to hundreds, or lower "
    "respondent.reasoning_effort",
    MissingReason.EMPTY: "set respondent.elicitation.max_tokens higher",
    MissingReason.UNPARSEABLE: "set respondent.elicitation.max_tokens higher, or ask a larger model",
    MissingReason.LOW_LABEL_MASS: 'set respondent.elicitation.mode = "sampled"',
    MissingReason.TRUNCATED: 'set respondent.elicitation.mode = "sampled", or top_logprobs higher',
    MissingReason.NO_LOGPROBS: 'set respondent.elicitation.mode = "sampled"',
    MissingReason.REFUSED: "ask another model, or give respondent.wordings",
    MissingReason.DONT_KNOW: "set respondent.offer_dont_know = false",
    MissingReason.TIMEOUT: "set respondent.timeout_s higher, or respondent.concurrency lower",
    MissingReason.PROVIDER_ERROR: "see what `value-personas engine check` says of this engine",
}


def _nothing_estimated(asked: Asked, judgement: Judgement) -> str | None:
    """What a run that predicts nothing has to say for itself; None for any other."""
    cells = judgement.cells
    own = cells[cells["method"].isin(list(asked.panels))]
    if own.empty or own["predicted_share"].notna().any():
        return None
    counts: Counter[str] = Counter()
    for panel in asked.panels.values():
        counts.update(panel.missing_by_reason())
    if not counts:
        return None
    reason, n = counts.most_common(1)[0]
    said = next((p.examples[reason] for p in asked.panels.values() if p.examples.get(reason)), "")
    example = f", for example {said[:120]!r}" if said else ""
    total = sum(panel.missing.size for panel in asked.panels.values())
    return (
        f"nothing was estimated: {n:,} of {total:,} answers are missing as {reason}{example}; "
        f"{_WHAT_TO_SET[MissingReason(reason)]}"
    )


def _order_notes(asked: Asked, judgement: Judgement) -> Iterator[str]:
    """Kinds whose answers tell little of people, by what moves them."""
    by_order = []
    for kind, panel in asked.panels.items():
        distances = judgement.errors[kind]["total_variation"]
        if np.isnan(distances).all():
            continue
        moved, distance = _moved_by_order(panel), float(np.nanmean(distances))
        if moved >= _MOSTLY * distance:
            by_order.append(f"{kind} {moved:.3f} of {distance:.3f}")
    if by_order:
        yield (
            "what the order of options does is half or more of the distance from people (total variation, "
            f"beyond chance): {', '.join(by_order)}; such answers are about places on the page"
        )


def alike_notes(estimates: pd.DataFrame, kinds: Sequence[str], synthetic: Sequence[str]) -> Iterator[str]:
    """Kinds that predict the same of every cell, so that nobody takes equal rows for a finding."""
    shares = estimates.pivot(
        index=["country", "question", "score"], columns="method", values="predicted"
    ).dropna(how="all")
    alike: dict[bytes, list[str]] = {}
    for kind in kinds:
        if kind in shares and shares[kind].notna().any():
            alike.setdefault(shares[kind].round(9).to_numpy().tobytes(), []).append(kind)
    why = "the synthetic respondent knows nothing that ties these questions to people"
    for same in alike.values():
        if len(same) > 1:
            told = why if "respondent" in synthetic else "the model heeds nothing that tells them apart"
            yield f"{', '.join(same)} predict the same of every cell: {told}"


_MOSTLY = 0.5
"""The share of the distance from people from which on an order's effect is told beside it."""


def _moved_by_order(panel: PanelResult) -> float:
    """The effect of the options' order beyond chance; NaN where it is not measured."""
    if np.isnan(panel.order_effect).all():
        return float("nan")
    chance = panel.order_chance
    by_chance = 0.0 if chance is None or np.isnan(chance).all() else float(np.nanmean(chance))
    return float(np.nanmean(panel.order_effect)) - by_chance


def _scoring_notes(asked: Asked, judgement: Judgement) -> Iterator[str]:
    """What the scores cannot tell."""
    cells = judgement.cells
    countries = cells["country"].nunique()
    if countries == 1:
        several = cells["question"].nunique() > 1
        told = "the intervals tell of other questions, not of other countries"
        yield f"one country: {told}" if several else "one country and one question: there are no intervals"
    blank = cells[cells["predicted_share"].isna() & cells["human_share"].notna()]
    for method, n in blank.groupby("method", sort=False).size().items():
        by_personas = asked.prompts and str(method).partition(" + ")[0] in asked.panels
        why = "too many answers are missing" if by_personas else "nothing there predicts them"
        yield f"{method}: {n} cell{'s are' if n > 1 else ' is'} not estimated, {why}"
    asked_of = int((judgement.human.asked).sum())
    for method, n in judgement.unranked.items():
        yield f"{method}: has {n} of {asked_of} cells, under half of them, and is not ranked"
