"""What a run gives back."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from value_personas.data import card
from value_personas.experiments.evaluation.means import HeldOut
from value_personas.experiments.fieldwork.synthetic import marked, synthetic_warning
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.run.record import Result, measure_rows
from value_personas.experiments.scoring import heading, leading_scores
from value_personas.experiments.scoring.digits import three_digits, with_interval
from value_personas.experiments.workspace.json_file import rows_of


@dataclass(frozen=True, slots=True)
class RunResult:
    """A scored, recorded prediction.

    Attributes:
        recipe: what was run.
        estimates: one row for each method × country × question × option: human and predicted probability, and
            the interval in which all of a cell's options are to lie together (``scoring.prediction_level``).
        scores: one row for each method × country × question: every score, its noise floor, missing share,
            the interval of the predicted mean, and whether the method's tuned prompts or its calibration were
            fitted on the cell (``no``, ``training`` or ``validation``; by its country or its question).
        summary: one row for each method × score: mean over the cells that all ranked methods have, with its
            interval and how many cells these are; NaN for a method that is not ranked.
        measures: one row for each method × measure of ``MEASURES``: half the interval of a predicted mean and
            how often it holds, and what the method is worth in people; empty of a run of 0.1.0.
        nulls: as ``summary``, of what knows nothing of a country (``comparators.NULLS``), on the same cells;
            empty of a run of 0.1.0.
        hypotheses: the recipe's claims with effect, interval, adjusted p and verdict; empty without any.
        floor: score → the human sample's own error, averaged over cells.
        missing: persona kind → reason → answers missing.
        usage: calls made, replies read from the store, tokens, cost.
        notes: plain sentences about the data and the run that a reader must know.
        synthetic: which parts were synthetic, ``respondent`` and ``population`` in any combination.
        mlflow_run_id: the record.
        folder: the tables and figures as files.
        leaks: target questions that a persona states itself, which the recipe allowed.
        held_out: means over the cells that no tuned prompt and no calibration was fitted on; None where
            nothing was, or on every cell.
        nothing: where no persona kind could be estimated anywhere: why, what was said, and what to set.
        places: where several servers or workers answered: name → calls, answers, failures, how often it was
            passed over, mean latency, tokens read and those of them that its prefix cache had.
    """

    recipe: Recipe
    estimates: pd.DataFrame
    scores: pd.DataFrame
    summary: pd.DataFrame
    measures: pd.DataFrame
    nulls: pd.DataFrame
    hypotheses: pd.DataFrame
    floor: pd.Series
    missing: Mapping[str, Mapping[str, int]]
    usage: Mapping[str, float]
    notes: tuple[str, ...]
    synthetic: tuple[str, ...]
    mlflow_run_id: str
    folder: Path
    leaks: tuple[str, ...] = ()
    held_out: HeldOut | None = None
    nothing: str | None = None
    places: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<RunResult {self.title}: {', '.join(self.scores['method'].unique())}; {self.folder.name}>"

    def _repr_html_(self) -> str:
        level = f", in brackets their {round(100 * self.recipe.scoring.level)} % intervals"
        notes = [f"means over cells{level if self.has_intervals else ''}", *self.footnotes()]
        return card(self.title, self._shown(), self._figure(), notes)

    def _figure(self) -> Path:
        """People's means against predicted ones, drawn when a notebook first shows them: a run needs none."""
        from value_personas.experiments.figures.human_against_predicted import human_against_predicted_figure
        from value_personas.experiments.figures.palette import looks
        from value_personas.experiments.figures.style import save_figure

        path = self.folder / "human_against_predicted.png"
        if not path.is_file():
            figure = human_against_predicted_figure(self.scores, looks(self.scores["method"]), self.title)
            with suppress(OSError):  # of a run that can only be read: the table is shown without it
                save_figure(figure, self.folder, path.stem, ("png",))
        return path

    def _shown(self) -> pd.DataFrame:
        """The leading scores of each method and the floor, as words."""
        rows: dict[str, dict[str, str]] = {}
        for row in self.summary.to_dict("records"):
            if (name := row["score"]) in leading_scores():
                told = with_interval(row["mean"], row["lower"], row["upper"])
                rows.setdefault(str(row["method"]), {})[heading(name)] = told
        floor = {
            heading(name): three_digits(self.floor[name]) for name in leading_scores() if name in self.floor
        }
        rows |= {"noise floor": floor} if floor else {}
        return pd.DataFrame([{"method": method, **cells} for method, cells in rows.items()])

    @property
    def has_intervals(self) -> bool:
        """Whether any mean has one: of a single country and question none has."""
        return bool(self.summary["lower"].notna().any())

    @property
    def title(self) -> str:
        """The heading of the result, which begins with any leak and bears the word synthetic where due."""
        leak = f"LEAK ALLOWED: {'; '.join(self.leaks)} · " if self.leaks else ""
        return marked(f"{leak}{self.recipe.name} · {size_of(self.scores)}", self.synthetic)

    def footnotes(self) -> list[str]:
        """The lines beneath the table."""
        asked = sum(sum(reasons.values()) for reasons in self.missing.values())
        by_reason = "; ".join(
            f"{kind}: {', '.join(f'{n} {reason}' for reason, n in reasons.items())}"
            for kind, reasons in self.missing.items()
            if reasons
        )
        lines = [f"missing answers: {asked}" + (f" ({by_reason})" if by_reason else "")]
        lines += [f"note: {note}" for note in self.notes]
        if self.synthetic:
            lines.append(synthetic_warning(self.synthetic))
        return lines

    def record(self) -> Result:
        """What ``result.json`` holds: everything but the tables, the recipe and where they lie."""
        return Result(
            name=self.recipe.name,
            title=self.title,
            leaks=self.leaks,
            synthetic=self.synthetic,
            summary=self.summary,
            measures=measure_rows(self.measures),
            nulls=self.nulls,
            hypotheses=rows_of(self.hypotheses),
            floor=self.floor,
            held_out=self.held_out,
            missing={kind: dict(reasons) for kind, reasons in self.missing.items()},
            usage=dict(self.usage),
            notes=self.notes,
            nothing=self.nothing,
            places={name: dict(figures) for name, figures in self.places.items()},
        )

    def to_json(self) -> str:
        """One JSON object: the same, and where the rest lies; what is undefined is null."""
        where = {"mlflow_run_id": self.mlflow_run_id, "folder": str(self.folder)}
        return json.dumps(self.record().model_dump(mode="json") | where, allow_nan=False)


def size_of(cells: pd.DataFrame) -> str:
    """How many countries and questions a table tells of: ``8 countries × 24 questions``."""
    countries, questions = (cells[column].nunique() for column in ("country", "question"))
    return (
        f"{countries} {'country' if countries == 1 else 'countries'} × "
        f"{questions} {'question' if questions == 1 else 'questions'}"
    )


def cells_of(summary: pd.DataFrame) -> str:
    """On what a table rests: the cells that all its ranked methods have."""
    ranked = summary.dropna(subset="mean")
    if "cells" not in ranked or ranked.empty:
        return "cells"
    cells = int(ranked["cells"].max())
    return f"{cells:,} cell{'' if cells == 1 else 's'}"
