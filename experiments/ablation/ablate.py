"""Take parts of the method away, one at a time or in every combination, and test what each is worth."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from value_personas.data import card
from value_personas.experiments.ablation.differences import (
    claims_table,
    difference_table,
    errors_of,
    no_better,
)
from value_personas.experiments.ablation.variants import Variant, factors_of, runs_of, variants_of
from value_personas.experiments.evaluation.hypotheses import verdict_line
from value_personas.experiments.evaluation.measures import null_means
from value_personas.experiments.fieldwork.synthetic import in_words, marked
from value_personas.experiments.figures.by_row import difference_figure
from value_personas.experiments.figures.error_curve import error_curve_figure
from value_personas.experiments.figures.palette import looks
from value_personas.experiments.figures.style import save_figure
from value_personas.experiments.progress.shown import Progress
from value_personas.experiments.recipe.loading import recipe_of
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.recipe.record import recipe_hash
from value_personas.experiments.recipe.study_record import StudyRecord, write_study
from value_personas.experiments.run.result import RunResult
from value_personas.experiments.run.writing import hypothesis_metrics, hypothesis_tags
from value_personas.experiments.scoring import heading
from value_personas.experiments.sweep.family import Family, Options, run_family
from value_personas.experiments.tracking import metric_name
from value_personas.experiments.workspace.json_file import json_rows, rows_of
from value_personas.experiments.workspace.tables import write_csv
from value_personas.signatures import EngineError

_KEY = "profiles.n"

_SURE = 0.05


@dataclass(frozen=True, slots=True)
class AblationResult:
    """What an ablation came to.

    Attributes:
        family: the runs' records and where everything lies.
        base: the variant that the others are compared with.
        table: as ``difference_table``: one row for each score × variant × group of cells.
        hypotheses: the recipe's claims of variants with their verdicts; empty without any.
        nulls: what predictions come to that know nothing, on the base's cells: method, score and mean.
        no_better: the labels of variants that are not shown to be better than every option alike.
        curve: one row for each number of personas, where that was varied; else empty.
        countries: how many there are.
        missing: variants whose run failed, with its reason.
        synthetic: which parts were synthetic.
    """

    family: Family
    base: Variant
    table: pd.DataFrame
    hypotheses: pd.DataFrame
    nulls: pd.DataFrame
    no_better: tuple[str, ...]
    curve: pd.DataFrame
    countries: int
    missing: dict[str, str]
    synthetic: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<AblationResult {self.title}; {self.family.folder.name}>"

    def _repr_html_(self) -> str:
        every = self.table[self.table["group"] == "all"]
        return card(self.title, every, self.family.folder / "forest.png", self.notes)

    @property
    def title(self) -> str:
        """The heading, which bears the word synthetic where due."""
        return self._titled(f"differences from {self.base.method}, {self.family.recipe.ablation.design}")

    @property
    def curve_title(self) -> str:
        """The heading of the error against the number of personas, likewise."""
        return self._titled(f"error of {self.base.method} against the number of profiles")

    def _titled(self, what: str) -> str:
        return marked(f"{self.family.recipe.name} · {what}", self.synthetic)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of the tests."""
        if self.countries < 2:
            return ("one country: intervals and p-values tell of other questions, not of other countries",)
        return ()

    def metrics(self) -> dict[str, float]:
        """Each variant's difference over all cells with its bounds, as an experiment tracker takes them."""
        figures: dict[str, float] = {}
        for row in self.table[self.table["group"] == "all"].to_dict("records"):
            name = metric_name("difference", row["score"], row["label"])[:200]
            figures |= {name: row["difference"], f"{name}.lower": row["lower"], f"{name}.upper": row["upper"]}
        return figures | hypothesis_metrics(self.hypotheses)

    def to_json(self) -> str:
        """One JSON object; undefined figures are null."""
        shown: dict[str, Any] = {
            "name": self.family.recipe.name,
            "base": self.base.method,
            "design": self.family.recipe.ablation.design,
            "synthetic": list(self.synthetic),
            "notes": list(self.notes),
            "differences": json_rows(self.table),
            "hypotheses": json_rows(self.hypotheses),
            "nulls": json_rows(self.nulls),
            "not_better_than_uniform": list(self.no_better),
            "error_by_personas": json_rows(self.curve),
            "failed": self.missing,
            "folder": str(self.family.folder),
            "mlflow_run_id": self.family.mlflow_run_id,
        }
        return json.dumps(shown, allow_nan=False)


def ablate(
    recipe: Recipe | str | Path, options: Options | None = None, progress: Progress = True
) -> AblationResult:
    """Run every variant that is not done yet, and compare each with the base.

    Args:
        recipe: its ``[ablation]`` table says what is varied; a recipe, its file, or a shipped one's name.
        options: how many runs at once, who watches them, and who approves.
        progress: True shows it, in the notebook's cell or on stderr; False does not; a reporter is told.

    Raises:
        ValuePersonasError: when a variant is no valid recipe, before anything is read or asked; or when the
            base's run, or every other, failed.
    """
    recipe = recipe_of(recipe)
    variants = variants_of(recipe.ablation, factors_of(recipe.ablation, recipe.profiles))
    runs = runs_of(recipe, variants)
    family = run_family(recipe, runs.cells, "ablation", options or Options(), progress)
    records = [family.records[place] for place in runs.cell_of]
    held = {record.key: family.result(record) for record in family.records}
    found = [(v, r) for v, record in zip(variants, records, strict=True) if (r := held[record.key])]
    missing = {
        v.label: str(record.reason) for v, record in zip(variants, records, strict=True) if record.failed
    }
    _require_base(variants, missing)
    result = _compared(family, found, missing)
    _write(result, found)
    return result


def _compared(
    family: Family, found: list[tuple[Variant, RunResult]], missing: dict[str, str]
) -> AblationResult:
    variants, results = [v for v, _ in found], [r for _, r in found]
    scores, stated = family.recipe.ablation.scores, family.recipe.hypotheses
    errors = errors_of(variants, results, (*scores, *(one.score for one in stated)))
    level = results[0].recipe.scoring.level
    synthetic = tuple(dict.fromkeys(part for result in results for part in result.synthetic))
    return AblationResult(
        family,
        base=variants[0],
        table=difference_table(errors, results[0], scores),
        hypotheses=claims_table(stated, errors, level),
        nulls=null_means(errors.nulls),
        no_better=no_better(errors, level),
        curve=error_curve(found, scores),
        countries=results[0].scores["country"].nunique(),
        missing=missing,
        synthetic=synthetic,
    )


def _write(result: AblationResult, found: list[tuple[Variant, RunResult]]) -> None:
    folder = result.family.folder
    result.table.to_parquet(folder / "ablation.parquet", index=False)
    every = result.table[result.table["group"] == "all"]
    write_csv(folder / "ablation.csv", every)
    look = dict.fromkeys(every["label"], looks([result.base.method])[result.base.method])
    level = f"{round(100 * result.family.recipe.scoring.level)} % intervals"
    save_figure(difference_figure(every, look, "the base", f"{result.title} · {level}"), folder, "forest")
    if not result.curve.empty:
        write_csv(folder / "error_by_personas.csv", result.curve)
        save_figure(error_curve_figure(result.curve, result.curve_title), folder, "error_by_personas")
    if len(result.hypotheses):
        write_csv(folder / "hypotheses.csv", result.hypotheses)
    write_study(_record(result), result.family.recipe, folder)
    tags = hypothesis_tags(recipe_hash(result.family.recipe), result.hypotheses)
    result.family.close(result.metrics(), {"synthetic": in_words(result.synthetic), **tags})


def _record(result: AblationResult) -> StudyRecord:
    """What stands on its page."""
    recipe = result.family.recipe
    every = result.table[result.table["group"] == "all"]
    found = []
    for score, rows in every.groupby("score", sort=False):
        sure = rows[rows["holm_p"] < _SURE]
        told = {
            "worse": [str(label) for label in sure.loc[sure["difference"] > 0.0, "label"]],
            "better": [str(label) for label in sure.loc[sure["difference"] < 0.0, "label"]],
        }
        names = "; ".join(
            f"{way} than the base: {', '.join(labels)}" for way, labels in told.items() if labels
        )
        found.append(f"{heading(str(score))}, p (Holm) below .05: {names or 'no variant'}.")
    how = (
        "one change at a time" if recipe.ablation.design == "one-at-a-time" else "every combination of levels"
    )
    return StudyRecord(
        kind="ablation",
        name=recipe.name,
        title=result.title,
        base=result.base.method,
        level=recipe.scoring.level,
        synthetic=result.synthetic,
        findings=(*found, *map(verdict_line, result.hypotheses.to_dict("records"))),
        nulls=rows_of(result.nulls),
        no_better=result.no_better,
        methods=f"Variants of {result.base.method} ({how}; seed {recipe.seed}) were run on the same survey, "
        "respondents and stored answers. Differences are variant minus base, cell by cell, over the cells "
        f"that both have, with {100 * recipe.scoring.level:g} % intervals of one standard error clustered by "
        "country or cultural zone and by question; p-values are of the same standard error, adjusted over "
        "variants (Holm).",
        notes=result.notes,
        failed=result.missing,
        mlflow_run_id=result.family.mlflow_run_id,
    )


def _require_base(variants: tuple[Variant, ...], missing: dict[str, str]) -> None:
    if variants[0].label in missing:
        raise EngineError(f"the base variant has no result: {missing[variants[0].label]}")
    if len(missing) == len(variants) - 1:
        raise EngineError(f"no variant but the base has a result: {next(iter(missing.values()))}")


def error_curve(found: Sequence[tuple[Variant, RunResult]], scores: Sequence[str]) -> pd.DataFrame:
    """The error of each number of profiles drawn, the base otherwise.

    Args:
        found: variants with their runs, the base first.
        scores: errors by name.

    Returns:
        Columns n, score, mean, lower, upper, floor, in rising n; empty where one number only was tried.
    """
    varied = [(v, r) for v, r in found if _KEY in v.levels and set(v.changed) <= {_KEY}]
    rows = []
    for variant, result in varied:
        own = result.summary[result.summary["method"] == variant.method]
        summary = own.set_index("score")[["mean", "lower", "upper"]].to_dict("index")
        for score in (name for name in scores if name in summary):
            floor = float(result.floor[score])
            rows.append({"n": int(variant.levels[_KEY]), "score": score, **summary[score], "floor": floor})
    if len(varied) < 2:
        return pd.DataFrame()
    return pd.DataFrame(rows).sort_values("n", kind="stable", ignore_index=True)
