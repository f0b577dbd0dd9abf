"""A run's files: tables, figure, prompts and everything that tells where they came from."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

import data
from experiments.asking import Asked
from experiments.calibration.panel_of_run import save_panels
from experiments.code_state import CodeState, code_state
from experiments.config import PersonaKind
from experiments.descriptor_files import descriptor_frame
from experiments.differences import zones_of
from experiments.figures import draw_human_against_predicted
from experiments.gap_stage import Gap, write_gap
from experiments.judging import Judgement
from experiments.panel_files import write_panel_files
from experiments.recipe_record import write_recipe
from experiments.result import RunResult
from experiments.stored_runs import write_table
from experiments.tracking import InputFile
from experiments.tuned_programs import find_program
from programs.panel import mean_of_known
from signatures import ValueItem

__all__ = ["PROGRAM_FILE", "RunFiles", "asking_frame", "write_run_files"]

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
    _write_json(folder / "result.json", files.result.as_dict())
    (folder / "prompts.md").write_text(_prompts(files.asked.prompts), encoding="utf-8")
    draw_human_against_predicted(judgement.cells, title, folder / "human_against_predicted.png")


def _save_answers(folder: Path, files: RunFiles) -> None:
    """Keep every persona kind's answers beside the human ones, for ``value-personas calibrate``."""
    save_panels(
        folder,
        files.asked.panels,
        files.judgement.human.probabilities,
        zones_of(tuple(files.judgement.cells["country"].unique())),
        draws=float(next(iter(files.asked.panels.values())).draws),
        max_missing=files.result.recipe.respondent.max_missing,
        synthetic=files.result.synthetic,
    )


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
