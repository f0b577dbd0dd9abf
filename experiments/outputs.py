"""A run's files: tables, figure, prompts and everything that tells where they came from."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

import data
from experiments.asking import Asked
from experiments.calibration.panel_of_run import save_panels
from experiments.code_state import code_state
from experiments.config import PersonaKind, Recipe
from experiments.descriptor_files import descriptor_frame
from experiments.differences import Gap, write_gap, zones_of
from experiments.figures import draw_human_against_predicted
from experiments.judging import Judgement
from programs.panel import mean_of_known
from signatures import ValueItem

__all__ = ["RunFiles", "asking_frame", "write_run_files"]


@dataclass(frozen=True, slots=True)
class RunFiles:
    """What is written.

    Attributes:
        recipe: as it was run, every default filled in.
        survey: where the human answers came from.
        items: the items that descriptors describe.
        asked: descriptors, prompts, missing answers.
        judgement: estimates and scores.
        notes: plain sentences for the reader.
        title: the heading of the figure.
        comparisons: paired differences of the methods.
        gap: errors against an index of representation, where the recipe declares one.
        synthetic: which parts were synthetic.
    """

    recipe: Recipe
    survey: data.Survey
    items: tuple[ValueItem, ...]
    asked: Asked
    judgement: Judgement
    notes: tuple[str, ...]
    title: str
    comparisons: pd.DataFrame
    gap: Gap | None
    synthetic: tuple[str, ...]


def write_run_files(folder: Path, files: RunFiles) -> None:
    """Write every file of a run into its folder."""
    judgement = files.judgement
    judgement.estimates.to_parquet(folder / "estimates.parquet", index=False)
    judgement.cells.to_parquet(folder / "scores.parquet", index=False)
    judgement.summary.to_csv(folder / "summary.csv", index=False)
    files.comparisons.to_csv(folder / "comparisons.csv", index=False)
    if files.gap is not None:
        write_gap(files.gap, files.title, folder)
    _save_answers(folder, files)
    if files.asked.descriptors:
        table = descriptor_frame(files.asked.descriptors.values(), files.items)
        table.to_csv(folder / "descriptors.csv", index=False)
        prompts = {
            digest: text for t in files.asked.descriptors.values() for digest, text in t.prompts.items()
        }
        _write_json(folder / "descriptor_prompts.json", prompts)
    _missing_frame(files.asked).to_csv(folder / "missing.csv", index=False)
    asking_frame(files.asked).to_csv(folder / "asking.csv", index=False)
    _write_json(folder / "recipe.json", files.recipe.model_dump(mode="json"))
    _write_json(folder / "sources.json", _sources(files))
    (folder / "prompts.md").write_text(_prompts(files.asked.prompts), encoding="utf-8")
    draw_human_against_predicted(judgement.cells, files.title, folder / "human_against_predicted.png")
    state = code_state()
    if state.diff:
        (folder / "code.diff").write_text(state.diff, encoding="utf-8")


def _save_answers(folder: Path, files: RunFiles) -> None:
    """Keep every persona kind's answers beside the human ones, for ``value-personas calibrate``."""
    save_panels(
        folder,
        files.asked.panels,
        files.judgement.human.probabilities,
        zones_of(tuple(files.judgement.cells["country"].unique())),
        draws=float(next(iter(files.asked.panels.values())).draws),
        max_missing=files.recipe.respondent.max_missing,
        synthetic=files.synthetic,
    )


def _sources(files: RunFiles) -> dict[str, object]:
    """Where the human answers came from, and what answered."""
    return {
        "survey": [{k: str(v) for k, v in asdict(source).items()} for source in files.survey.sources],
        "codebook": files.survey.codebook_name,
        "respondent": files.asked.identity,
        "elicitation": files.asked.elicitation,
        "usage": dict(files.asked.usage),
        "notes": list(files.notes),
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
