"""A run written down: its files, from which everything can be read back, and its MLflow record."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pydantic

from value_personas.data import file_hash, visible
from value_personas.experiments.evaluation.answers import panel_file
from value_personas.experiments.evaluation.fitted import how_answered
from value_personas.experiments.evaluation.layout import answers_of
from value_personas.experiments.fieldwork.serving import MODEL_FOLDER, served_kind, write_model
from value_personas.experiments.fieldwork.synthetic import in_words
from value_personas.experiments.inference import zones_of
from value_personas.experiments.recipe.personas import PersonaKind
from value_personas.experiments.recipe.record import recipe_hash, write_recipe
from value_personas.experiments.run.outcome import Outcome
from value_personas.experiments.run.record import (
    QUESTIONS_FILE,
    RESULT_FILE,
    SOURCES_FILE,
    Questions,
    Sources,
)
from value_personas.experiments.run.result import RunResult, size_of
from value_personas.experiments.run.stored import write_run_id
from value_personas.experiments.run.tables import KEYS
from value_personas.experiments.tracking import (
    InputFile,
    Live,
    Record,
    input_files,
    metric_name,
    record_run,
    run_title,
)
from value_personas.experiments.workspace.code_state import CodeState, code_state
from value_personas.experiments.workspace.folders import CALIBRATION_FILE, PROGRAM_FILE, Workspace, stamped
from value_personas.experiments.workspace.json_file import write_json
from value_personas.experiments.workspace.tables import write_csv, write_table
from value_personas.programs import REASONS, PanelResult
from value_personas.signatures import Persona, ValueItem

PERSONAS_FILE = "personas.parquet"
"""Who stands behind each answer. It holds drawn value profiles, which are respondents' answers: it stays in
the run's folder and never goes to a tracking server."""

_LONG = ("estimates", "scores", "map")
"""Tables that nobody opens as they are: they are kept as Parquet alone."""


def record_outcome(
    outcome: Outcome,
    workspace: Workspace,
    parent: str | None = None,
    title: str | None = None,
    begun: Live | None = None,
) -> RunResult:
    """Write the run's files, then the MLflow run.

    Args:
        outcome: the run.
        workspace: where.
        parent: the MLflow run that this one is a part of.
        title: the run's name in MLflow; recipe, model, size and time when absent.
        begun: the MLflow run where it was begun with the work.
    """
    recipe = outcome.recipe
    name = begun.name if begun else stamped(recipe.name)
    folder = workspace.run_folder(name)
    inputs = input_files(recipe.named_files(), outcome.survey)
    result = outcome.result(folder)
    _write_files(outcome, result, inputs)
    record = Record(
        recipe,
        name=title or run_title(recipe.name, recipe.answered_by, size_of(result.scores)),
        metrics=_metrics(result),
        tags=_tags(outcome),
        folder=folder,
        parent=parent,
        inputs=(*inputs, _questions_file(folder, outcome)),
        kept_here=(PERSONAS_FILE, panel_file(folder, "*").name),
        prompts=outcome.asked.instructions,
        calls=outcome.asked.calls,
    )
    run_id = record_run(workspace, record, begun.stop() if begun else None)
    write_run_id(folder, run_id)
    return replace(result, mlflow_run_id=run_id)


def _questions_file(folder: Path, outcome: Outcome) -> InputFile:
    """What was asked, as a dataset: the run writes it itself, and the recipe names no such file."""
    file = folder / QUESTIONS_FILE
    return InputFile("questions", str(file), file_hash(file), rows=len(outcome.survey.questions))


def _tags(outcome: Outcome) -> dict[str, str]:
    return {
        "kind": "run",
        "synthetic": in_words(outcome.synthetic),
        "survey.codebook": outcome.survey.codebook_name,
        "survey.sha256": " ".join(source.sha256 for source in outcome.survey.sources),
        "respondent.identity": outcome.asked.identity,
        "respondent.elicitation": outcome.asked.elicitation,
        "calibration": "; ".join(one.setting.in_one_line() for one in outcome.calibrations),
        **hypothesis_tags(recipe_hash(outcome.recipe), outcome.hypotheses),
    }


def _metrics(result: RunResult) -> dict[str, float]:
    """Flat metrics: scores with their bounds, the floor, missing answers by reason, usage."""
    metrics = _score_metrics(result.summary)
    if result.held_out is not None:
        metrics |= {f"held_out.{k}": value for k, value in _score_metrics(result.held_out.summary).items()}
    metrics |= {f"floor.{score}": value for score, value in result.floor.items()}
    metrics |= _measure_metrics(result.measures)
    metrics |= hypothesis_metrics(result.hypotheses)
    metrics |= {f"null.{k}": value for k, value in _score_metrics(result.nulls).items()}
    metrics |= {
        metric_name("missing", kind, reason): float(n)
        for kind, reasons in result.missing.items()
        for reason, n in reasons.items()
    }
    return metrics | {f"usage.{name}": float(value) for name, value in result.usage.items()}


def _score_metrics(summary: pd.DataFrame) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for row in summary.to_dict("records"):
        name = metric_name(row["method"], row["score"])
        metrics |= {name: row["mean"], f"{name}.lower": row["lower"], f"{name}.upper": row["upper"]}
    return metrics


def hypothesis_metrics(table: pd.DataFrame) -> dict[str, float]:
    """Effect, ends and adjusted p of each claim, by its place in the recipe."""
    return {
        f"hypothesis.{place}.{name}": float(row[name])
        for place, row in enumerate(table.to_dict("records"), start=1)
        for name in ("effect", "lower", "upper", "holm_p")
        if np.isfinite(row[name])
    }


def hypothesis_tags(digest: str, table: pd.DataFrame) -> dict[str, str]:
    """Each claim's verdict and words, and the hash of the recipe that stated them; nothing without claims."""
    if table.empty:
        return {}
    said = {
        f"hypothesis.{place}": f"{row['verdict']}: {row['claim']}"
        for place, row in enumerate(table.to_dict("records"), start=1)
    }
    return said | {"recipe.sha256": digest}


def _measure_metrics(measures: pd.DataFrame) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for row in measures.to_dict("records"):
        name = metric_name(row["method"], row["measure"])
        ends = {} if np.isnan(row["lower"]) else {f"{name}.{end}": row[end] for end in ("lower", "upper")}
        metrics |= {name: row["estimate"]} | ends
    return {name: value for name, value in metrics.items() if np.isfinite(value)}


def _write_files(outcome: Outcome, result: RunResult, inputs: tuple[InputFile, ...]) -> None:
    """Every file into the run's folder; ``result.json``, by which a run counts as finished, comes late."""
    folder, asked, items = result.folder, outcome.asked, outcome.populations.items
    _save_answers(outcome, folder)
    for name, table in outcome.tables().items():
        _write_run_table(folder, name, table)
    if asked.descriptors:
        prompts = {digest: text for t in asked.descriptors.values() for digest, text in t.prompts.items()}
        write_json(folder / "descriptor_prompts.json", pydantic.RootModel(prompts))
    first = next(iter(asked.panels.values()))
    write_json(folder / QUESTIONS_FILE, Questions.of(first, items, outcome.survey))
    _personas(asked.panels, items).to_parquet(folder / PERSONAS_FILE, index=False)
    _missing_answers(asked.panels).to_parquet(folder / "missing_answers.parquet", index=False)
    state = code_state()
    if state.diff:
        (folder / "code.diff").write_text(state.diff, encoding="utf-8")
    write_recipe(result.recipe, folder)
    write_json(folder / SOURCES_FILE, _sources(outcome, inputs, state))
    if asked.program is not None:
        asked.program.save(folder / PROGRAM_FILE)
    _write_model(outcome, folder)
    for one in outcome.calibrations:
        if one.record is not None:
            write_json(folder / CALIBRATION_FILE, one.record)
    write_json(folder / RESULT_FILE, result.record())
    (folder / "prompts.md").write_text(_prompts(asked.prompts), encoding="utf-8")


def _write_model(outcome: Outcome, folder: Path) -> None:
    """What the run asked by, to be served by MLflow; nothing where no persona tells of its own values."""
    asked, table = outcome.asked, folder / "descriptors.csv"
    kind = served_kind(tuple(asked.panels)) if asked.descriptors and table.is_file() else None
    if kind is not None:
        question, items = asked.panels[kind].questions[0], outcome.populations.items
        write_model(folder / MODEL_FOLDER, outcome.recipe, kind, items, question, asked.program, table)


def _write_run_table(folder: Path, name: str, table: pd.DataFrame) -> None:
    if name == "descriptors":  # a file to be edited and given back to descriptors.frozen
        write_csv(folder / f"{name}.csv", table)
    elif name in _LONG:
        table.to_parquet(folder / f"{name}.parquet", index=False)
    else:
        write_table(folder / name, table)


def _save_answers(outcome: Outcome, folder: Path) -> None:
    """Keep every persona kind's answers beside the human ones, for ``value-personas calibrate``."""
    zones = zones_of(tuple(outcome.judgement.cells["country"].unique()))
    for kind, panel in outcome.asked.panels.items():
        answers_of(
            panel,
            outcome.judgement.human.probabilities,
            zones,
            method=kind,
            max_missing=outcome.recipe.respondent.max_missing,
            synthetic=outcome.synthetic,
            respondent=outcome.asked.identity,
            elicitation=how_answered(panel.draws),
        ).save(panel_file(folder, kind))


def _sources(outcome: Outcome, inputs: tuple[InputFile, ...], state: CodeState) -> Sources:
    survey = outcome.survey
    return Sources(
        inputs=inputs,
        codebook=survey.codebook_name,
        title=survey.title,
        countries={country: survey.country_name(country) for country in survey.countries},
        questions={question.code: question.text for question in survey.questions},
        respondent=outcome.asked.identity,
        elicitation=outcome.asked.elicitation,
        code=state,
    )


def _prompts(prompts: Mapping[PersonaKind, tuple[str, str]]) -> str:
    """One persona of each kind as the model sees it; fenced, so that no text of theirs becomes markup."""
    parts = [
        f"## {kind}\n\nsystem\n\n~~~~text\n{system}\n~~~~\n\nuser\n\n~~~~text\n{user}\n~~~~\n"
        for kind, (system, user) in prompts.items()
    ]
    return visible("# One persona of each kind, as the model sees it\n\n" + "\n".join(parts))


def _personas(panels: Mapping[str, PanelResult], items: tuple[ValueItem, ...]) -> pd.DataFrame:
    rows = [
        {
            "kind": kind,
            "country": persona.country,
            "persona": place,
            "replicate": persona.replicate,
            "weight": persona.weight,
            **{item.code: told.get(item.code, np.nan) for item in items},
        }
        for kind, panel in panels.items()
        for place, persona in _places(panel.personas)
        for told in (persona.profile.as_dict() if persona.profile else {},)
    ]
    return pd.DataFrame(rows)


def _places(personas: tuple[Persona, ...]) -> Iterator[tuple[int, Persona]]:
    """Each persona with its place among those of its country."""
    seen: Counter[str] = Counter()
    for persona in personas:
        yield seen[persona.country], persona
        seen[persona.country] += 1


def _missing_answers(panels: Mapping[str, PanelResult]) -> pd.DataFrame:
    rows = []
    for kind, panel in panels.items():
        places = list(_places(panel.personas))
        for row, column in np.argwhere(panel.missing >= 0).tolist():
            place, persona = places[row]
            reason = REASONS[panel.missing[row, column]].value
            rows.append((kind, persona.country, place, panel.questions[column].code, reason))
    columns = list(KEYS["missing_answers"])
    return pd.DataFrame(rows, columns=columns).astype(
        {"persona": np.int64} | dict.fromkeys(["kind", "country", "question", "reason"], "str")
    )
