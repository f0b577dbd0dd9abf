"""A small run whose folder holds everything that a report can show, made once."""

from pathlib import Path

import numpy as np
import pandas as pd

from value_personas import Recipe, RunResult, load_recipe, run
from value_personas.experiments.audit.record import AuditRecord, AuditRow
from value_personas.experiments.recipe.record import write_recipe
from value_personas.experiments.shapley.record import ShapleyRecord
from value_personas.experiments.workspace.json_file import write_json

__all__ = ["MARK", "SMALL", "plant", "small_run", "write_audit", "write_shapley"]

SMALL = (
    "survey.respondents=150",
    "profiles.n=8",
    'questions.include=["Q1", "Q29", "Q48", "Q49", "Q177", "Q185"]',
    'personas=["none", "country", "values-hedged"]',
    "respondent.option_order=both",
    "scoring.gap_reference=XNA",
    "scoring.draws=200",
    "scoring.floor_draws=20",
    "scoring.persona_draws=0",
)

MARK = "<script>alert(1)</script>"


def small_run(workspace: Path, *settings: str) -> RunResult:
    return run(load_recipe("quickstart", [f"workspace={workspace}", *SMALL, *settings]))


def plant(folder: Path) -> None:
    """Put a script into every label that a survey file could have brought."""
    estimates = pd.read_parquet(folder / "estimates.parquet")
    estimates["option"] = estimates["option"] + MARK
    estimates.to_parquet(folder / "estimates.parquet", index=False)
    sources = folder / "sources.json"
    text = sources.read_text(encoding="utf-8").replace("Elmenreach", f"Elmen{MARK}")
    sources.write_text(text.replace('"Q29": "', f'"Q29": "{MARK} '), encoding="utf-8")


def write_shapley(folder: Path, recipe: Recipe) -> None:
    """Values of two items in all countries and in two; the first lowers the error everywhere."""
    rng = np.random.default_rng(5)
    rows = [
        (player, name, country, "normalised_mae", value, value - 0.002, value + 0.002)
        for country in ("all", "XNA", "XNB")
        for player, name, value in (
            ("F063", "God", -0.01 - rng.uniform(0, 0.01)),
            ("A165", f"trust{MARK}", 0.004 + rng.uniform(0, 0.01)),
        )
    ]
    columns = ["player", "name", "country", "score", "value", "lower", "upper"]
    folder.mkdir(parents=True)
    pd.DataFrame(rows, columns=columns).to_parquet(folder / "shapley.parquet", index=False)
    record = ShapleyRecord(
        name=recipe.name, score="normalised_mae", method="exact", synthetic=(), leaks=(), all_countries={},
        checks=(), noise_floor=float("nan"), coalitions=4, calls_at_most=4, usage={}, seconds=1.0, notes=(),
    )  # fmt: skip
    write_json(folder / "result.json", record)
    write_recipe(recipe, folder)


def write_audit(folder: Path, recipe: Recipe) -> None:
    """Two items, two kinds of statements."""
    folder.mkdir(parents=True)
    cells = [("A008", "F063", 0.10, 0.03), ("F063", "A008", 0.20, 0.05)]
    rows = [
        (kind, given, item, human, judged + extra)
        for kind, extra in (("hedged", 0.0), ("unhedged", 0.3))
        for given, item, human, judged in [*cells, ("A008", "A008", 0.4, 0.4), ("F063", "F063", 0.4, 0.4)]
    ]
    columns = ["statement", "given", "item", "human", "judged"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "spill_over.csv", index=False)
    summary = (
        ("hedged", 0.01, 1.0, 1.0, 0.02, 0.04, 0.15, -0.11, 0),
        ("unhedged", 0.01, 0.9, 1.0, 0.02, 0.34, 0.15, 0.19, 0),
    )
    found = [AuditRow.model_validate(dict(zip(AuditRow.model_fields, row, strict=True))) for row in summary]
    write_json(folder / "result.json", AuditRecord(name=recipe.name, summary=tuple(found)))
    write_recipe(recipe, folder)
