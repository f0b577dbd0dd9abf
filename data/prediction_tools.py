"""The result tables of tools that ask simulated persons, each known by its columns and made a long table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from value_personas.data.survey.share_layouts import interview_country
from value_personas.signatures import SurveyError

_MARKS = {"C", "I", "P", "N"}
"""What scorers of inspect_ai give for correct, incorrect, partly correct and no answer."""

_QSTN_TELLS = {"questionnaire_item_id", "questionnaire_name", "question", "country", "nation", "model"}
"""What QSTN's tables hold beside answers, and what is added to them."""


@dataclass(frozen=True)
class Tool:
    """A tool's result table, known by its columns."""

    name: str
    fits: Callable[[Sequence[str]], bool]
    as_long: Callable[[pd.DataFrame, Path], pd.DataFrame]


def _edsl(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """EDSL's ``Results.to_csv()``: a row an interview, answers in columns answer.CODE."""
    columns = [str(name) for name in frame.columns]
    country = _first(columns, ("agent.country", "scenario.country", "agent.nation", "scenario.nation"), path)
    persona = next((c for c in ("agent.agent_name", "agent.agent_index") if c in columns), None)
    kept = pd.DataFrame({"country": frame[country]})
    kept["method"] = frame["model.model"] if "model.model" in columns else path.stem
    kept["persona"] = frame[persona] if persona else np.arange(len(frame))
    answers = [name for name in columns if name.startswith("answer.")]
    tables = [kept.assign(question=name.removeprefix("answer."), answer=frame[name]) for name in answers]
    return pd.concat(tables, ignore_index=True)


def _inspect(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """inspect_ai's ``samples_df``: a row a sample; country and question stand in its metadata."""
    columns = [str(name) for name in frame.columns]
    scores = [name for name in columns if name.startswith("score_")]
    answer = _first(columns, ("answer", "score_answer", *scores), path)
    if answer.startswith("score_") and set(frame[answer].dropna().astype(str)) <= _MARKS:
        raise SurveyError(
            f"{path}: column {answer} holds marks ({', '.join(sorted(_MARKS))}) and no answers; add these as "
            'a column, such as SampleColumn("answer", path="scores.choice.answer")'
        )
    kept = pd.DataFrame({"answer": frame[answer]})
    kept["country"] = frame[_first(columns, ("metadata_country", "metadata_nation"), path)]
    kept["question"] = frame[
        _first(columns, ("metadata_question_id", "metadata_qid", "metadata_question"), path)
    ]
    kept["method"] = frame["model"] if "model" in columns else path.stem
    if "metadata_persona" in columns:
        kept["persona"] = frame["metadata_persona"]
    return kept


def _qstn(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """QSTN's parsed responses: a row an item of a persona, with the answer or every option's probability."""
    columns = [str(name) for name in frame.columns]
    kept = pd.DataFrame({"question": frame["questionnaire_item_id"]})
    kept["country"] = frame[_first(columns, ("country", "nation"), path)]
    kept["method"] = frame["model"] if "model" in columns else path.stem
    answer = next((name for name in ("answer", "parsed_response", "llm_response") if name in columns), None)
    if answer is None:  # parse_logprobs: a column an option
        options = [name for name in columns if name not in _QSTN_TELLS and _are_numbers(frame[name])]
        shares = kept.join(frame[options]).melt(list(kept.columns), options, "option", "share").dropna()
        return shares.groupby([*kept.columns, "option"], sort=False, as_index=False).agg({"share": "mean"})
    kept["answer"] = frame[answer]
    if "questionnaire_name" in columns:
        kept["persona"] = frame["questionnaire_name"]
    return kept


def _are_numbers(column: "pd.Series[float]") -> bool:
    return pd.api.types.is_numeric_dtype(column)


def _world_values_bench(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """WorldValuesBench's model outputs: a participant's number begins with the country's."""
    table = frame.rename(columns={"QUESTION_ID": "question", "PARTICIPANT_ID": "persona", "SCORE": "answer"})
    country = interview_country(table["persona"])
    return table.assign(country=country, method=path.stem)[country.notna().to_numpy()]


def _first(columns: Sequence[str], wanted: Sequence[str], path: Path) -> str:
    found = next((name for name in wanted if name in columns), None)
    if found is None:
        raise SurveyError(f"{path}: has no column {' or '.join(wanted[:3])}; add it to the table")
    return found


def _holds(*names: str) -> Callable[[Sequence[str]], bool]:
    return lambda columns: set(names) <= set(columns)


TOOLS = (
    Tool("EDSL", lambda columns: any(str(name).startswith("answer.") for name in columns), _edsl),
    Tool("inspect_ai", _holds("sample_id", "eval_id"), _inspect),
    Tool("QSTN", _holds("questionnaire_item_id"), _qstn),
    Tool("WorldValuesBench", _holds("QUESTION_ID", "PARTICIPANT_ID", "SCORE"), _world_values_bench),
)
