"""A run's files: tables, figure, prompts and everything that tells where they came from."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from value_personas import data
from value_personas.experiments.evaluation.answers import answers_of, panel_file
from value_personas.experiments.evaluation.comparing import zones_of
from value_personas.experiments.evaluation.fitted import Calibration, how_answered, write_calibration
from value_personas.experiments.evaluation.judging import Judgement
from value_personas.experiments.evaluation.remoteness import Gap, gap_tables
from value_personas.experiments.fieldwork.asking import Asked
from value_personas.experiments.fieldwork.descriptors import descriptor_frame
from value_personas.experiments.fieldwork.tuned_prompts import find_program
from value_personas.experiments.figures.gap import draw_gap
from value_personas.experiments.figures.human_against_predicted import draw_human_against_predicted
from value_personas.experiments.recipe.recipe import PersonaKind
from value_personas.experiments.recipe.record import write_recipe
from value_personas.experiments.run.result import RunResult
from value_personas.experiments.tracking import InputFile
from value_personas.experiments.workspace.code_state import CodeState, code_state
from value_personas.experiments.workspace.tables import write_table
from value_personas.programs import REASONS, PanelResult, mean_of_known
from value_personas.signatures import Persona, Question, ValueItem

__all__ = [
    "MISSING_FILE",
    "PERSONAS_FILE",
    "PROGRAM_FILE",
    "QUESTIONS_FILE",
    "RunFiles",
    "asking_frame",
    "write_gap",
    "write_panel_files",
    "write_run_files",
]

PROGRAM_FILE = "program.json"
"""The tuned prompts by which a run asked, so that its record is complete."""


@dataclass(frozen=True, slots=True)
class RunFiles:
    """What is written.

    Attributes:
        result: what the run gives back.
        survey: where the human answers came from.
        items: the items that descriptors describe.
        asked: descriptors, prompts, missing answers.
        judgement: estimates and scores.
        comparisons: paired differences of the methods.
        gap: errors against an index of representation, where the recipe declares one.
        inputs: the files that were read.
        map_points: positions on the cultural map, as ``map_positions`` gives them.
        calibrations: what answers were calibrated by.
    """

    result: RunResult
    survey: data.Survey
    items: tuple[ValueItem, ...]
    asked: Asked
    judgement: Judgement
    comparisons: pd.DataFrame
    gap: Gap | None
    inputs: tuple[InputFile, ...]
    map_points: pd.DataFrame
    calibrations: tuple[Calibration, ...]


def write_run_files(folder: Path, files: RunFiles) -> None:
    """Write every file of a run into its folder."""
    judgement, title = files.judgement, files.result.title
    judgement.estimates.to_parquet(folder / "estimates.parquet", index=False)
    judgement.cells.to_parquet(folder / "scores.parquet", index=False)
    write_table(folder / "summary", judgement.summary)
    if judgement.held_out is not None:
        write_table(folder / "held_out", judgement.held_out.summary)
    write_table(folder / "comparisons", files.comparisons)
    if files.gap is not None:
        write_gap(files.gap, title, folder)
    if len(files.map_points):
        files.map_points.to_parquet(folder / "map.parquet", index=False)
    _save_answers(folder, files)
    if files.asked.descriptors:
        table = descriptor_frame(files.asked.descriptors.values(), files.items)
        table.to_csv(folder / "descriptors.csv", index=False)
        prompts = {
            digest: text for t in files.asked.descriptors.values() for digest, text in t.prompts.items()
        }
        _write_json(folder / "descriptor_prompts.json", prompts)
    write_table(folder / "missing", _missing_frame(files.asked))
    write_table(folder / "asking", asking_frame(files.asked))
    write_panel_files(folder, files.asked, files.items, files.survey)
    state = code_state()
    if state.diff:
        (folder / "code.diff").write_text(state.diff, encoding="utf-8")
    write_recipe(files.result.recipe, folder)
    _write_json(folder / "sources.json", _sources(files, state))
    if program := find_program(files.result.recipe):
        program.save(folder / PROGRAM_FILE)
    for one in files.calibrations:
        if one.record is not None:
            write_calibration(folder, one.record)
    _write_json(folder / "result.json", files.result.as_dict())
    (folder / "prompts.md").write_text(_prompts(files.asked.prompts), encoding="utf-8")
    draw_human_against_predicted(judgement.cells, title, folder / "human_against_predicted.png")


def _save_answers(folder: Path, files: RunFiles) -> None:
    """Keep every persona kind's answers beside the human ones, for ``value-personas calibrate``."""
    zones = zones_of(tuple(files.judgement.cells["country"].unique()))
    for kind, panel in files.asked.panels.items():
        answers_of(
            panel,
            files.judgement.human.probabilities,
            zones,
            method=kind,
            max_missing=files.result.recipe.respondent.max_missing,
            synthetic=files.result.synthetic,
            respondent=files.asked.identity,
            elicitation=how_answered(panel.draws),
        ).save(panel_file(folder, kind))


def _sources(files: RunFiles, code: CodeState) -> dict[str, object]:
    """Where the human answers came from, what they are of, what answered, and by which code."""
    survey = files.survey
    return {
        "survey": [{k: str(v) for k, v in asdict(source).items()} for source in survey.sources],
        "inputs": [{"key": f.key, "path": f.path, "sha256": f.sha256} for f in files.inputs],
        "codebook": survey.codebook_name,
        "title": survey.title,
        "countries": {country: survey.country_name(country) for country in survey.countries},
        "questions": {question.code: question.text for question in survey.questions},
        "respondent": files.asked.identity,
        "elicitation": files.asked.elicitation,
        "code": {"version": code.version, "commit": code.commit, "changes": code.changes},
    }


def _missing_frame(asked: Asked) -> pd.DataFrame:
    rows = [
        {"personas": kind, "reason": reason, "answers": n}
        for kind, panel in asked.panels.items()
        for reason, n in panel.missing_by_reason().items()
    ]
    return pd.DataFrame(rows, columns=["personas", "reason", "answers"])


def asking_frame(asked: Asked) -> pd.DataFrame:
    """How each persona kind answered each question: label mass, don't know, order and wording effects.

    ``normalised`` is the share of answers whose stated numbers were scaled to sum to 1.
    """
    frames = [
        pd.DataFrame(
            {
                "personas": kind,
                "question": [question.code for question in panel.questions],
                "missing_share": (panel.missing >= 0).mean(axis=0),
                "label_mass": mean_of_known(panel.label_mass),
                "dont_know": mean_of_known(panel.dont_know),
                "normalised": panel.normalised,
                "order_effect": panel.order_effect,
                "wording_spread": panel.wording_spread,
            }
        )
        for kind, panel in asked.panels.items()
    ]
    return pd.concat(frames, ignore_index=True)


def _prompts(prompts: Mapping[PersonaKind, tuple[str, str]]) -> str:
    """One persona of each kind as the model sees it; fenced, so that no text of theirs becomes markup."""
    parts = [
        f"## {kind}\n\nsystem\n\n~~~~text\n{system}\n~~~~\n\nuser\n\n~~~~text\n{user}\n~~~~\n"
        for kind, (system, user) in prompts.items()
    ]
    return "# One persona of each kind, as the model sees it\n\n" + "\n".join(parts)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


QUESTIONS_FILE = "questions.json"
"""Codes, texts and options of what was asked and told."""

PERSONAS_FILE = "personas.parquet"
"""Who stands behind each answer. It holds drawn value profiles, which are respondents' answers: it stays in
the run's folder and never goes to a tracking server."""

MISSING_FILE = "missing_answers.parquet"
"""One row for each answer that is missing, with its reason."""


def write_panel_files(folder: Path, asked: Asked, items: tuple[ValueItem, ...], survey: data.Survey) -> None:
    """Write the three files beside ``answers-*.npz``, whose places they number from 0.

    Args:
        folder: the run's.
        asked: personas and their answers.
        items: of the profiles.
        survey: names the countries.
    """
    first = next(iter(asked.panels.values()))
    countries = dict.fromkeys(persona.country for persona in first.personas)
    said = {
        "survey": survey.title,
        "countries": {code: survey.country_name(code) for code in countries},
        "questions": [_question(question) for question in first.questions],
        "items": [_option_texts(item) for item in items],
    }
    text = json.dumps(said, indent=1, ensure_ascii=False)
    (folder / QUESTIONS_FILE).write_text(text + "\n", encoding="utf-8")
    _personas(asked.panels, items).to_parquet(folder / PERSONAS_FILE, index=False)
    _missing(asked.panels).to_parquet(folder / MISSING_FILE, index=False)


def _question(question: Question) -> dict[str, object]:
    about = {"ivs": question.ivs, "topic": question.topic, "near": question.near, "battery": question.battery}
    return {**_option_texts(question), **about}


def _option_texts(asked: Question | ValueItem) -> dict[str, object]:
    scale = asked.scale
    return {"code": asked.code, "text": asked.text, "labels": scale.labels, "scores": scale.scores}


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


def _missing(panels: Mapping[str, PanelResult]) -> pd.DataFrame:
    rows = []
    for kind, panel in panels.items():
        places = list(_places(panel.personas))
        for row, column in np.argwhere(panel.missing >= 0).tolist():
            place, persona = places[row]
            reason = REASONS[panel.missing[row, column]].value
            rows.append((kind, persona.country, place, panel.questions[column].code, reason))
    columns = ["kind", "country", "persona", "question", "reason"]
    return pd.DataFrame(rows, columns=columns).astype(
        {"persona": np.int64} | dict.fromkeys(["kind", "country", "question", "reason"], "str")
    )


def write_gap(gap: Gap, title: str, folder: Path) -> None:
    """Write the gap's tables and figure into a run's folder."""
    for name, table in zip(("gap", "gap_countries"), gap_tables(gap), strict=True):
        write_table(folder / name, table)
    draw_gap(gap.analysis, folder / "gap.png", index_name=gap.index_name, names=gap.names, title=title)
