"""What the numbers in a run's stored answers mean: questions, personas, and why an answer is missing."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

import data
from experiments.asking import Asked
from programs.panel import REASONS, PanelResult
from signatures import Persona, Question, ValueItem

__all__ = ["MISSING_FILE", "PERSONAS_FILE", "QUESTIONS_FILE", "write_panel_files"]

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
