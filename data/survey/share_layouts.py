"""Published data sets of answer distributions, each turned into one long table of shares.

Every loader gives the columns code, text, topic, country, option, label, share (or count) and n, n missing
where it is not told. Nothing in the files is executed.
"""

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from value_personas.data.countries import country_alpha3
from value_personas.data.formats import Header
from value_personas.data.formats.readers import read_columns
from value_personas.signatures import SurveyError

_PARTICIPANT = "D_INTERVIEW"
_AFTER_COUNTRY = 1_000_000
"""WVS-7 numbers its interviews by country (ISO 3166-1), wave in two digits and person in four."""


@dataclass(frozen=True, slots=True)
class ShareLayout:
    """How one data set is laid out.

    Attributes:
        title: its name.
        columns: by which a file of it is known; all must be there.
        lacks: columns that no file of it has.
        read: gives the long table of a file, from its header.
    """

    title: str
    columns: tuple[str, ...]
    read: Callable[[Header], pd.DataFrame]
    lacks: tuple[str, ...] = ()

    def fits(self, columns: Sequence[str]) -> bool:
        """Whether a file of these columns is of this layout."""
        return set(self.columns) <= set(columns) and not set(self.lacks) & set(columns)


def global_opinion_qa(header: Header) -> pd.DataFrame:
    """GlobalOpinionQA (Durmus et al. 2023): a row a question, with the shares of each country in one cell.

    Args:
        header: of ``global_opinions.csv``, columns question, selections, options, source. How many answered
            is not published.
    """
    rows: list[dict[str, Any]] = []
    frame = _frame(header, ("question", "selections", "options", "source"))
    for number, row in enumerate(frame.itertuples(index=False), start=1):
        text, chosen, options, source = map(str, row)
        where = f"{header.path}, question {number}"
        labels = [str(label) for label in _literal(options, where)]
        for country, shares in _literal(chosen[chosen.find("{") : chosen.rfind("}") + 1], where).items():
            if len(shares) != len(labels):
                raise SurveyError(f"{where}: {len(shares)} shares of {country} for {len(labels)} options")
            rows += [
                {
                    "code": f"{source}{number}",
                    "text": text,
                    "topic": source,
                    "country": str(country),
                    "option": label,
                    "label": label,
                    "share": share,
                    "n": np.nan,
                }
                for label, share in zip(labels, shares, strict=True)
            ]
    return pd.DataFrame(rows)


def sim_bench(header: Header) -> pd.DataFrame:
    """SimBench (Hu et al. 2025): a row a group and question, with the shares of lettered options.

    Args:
        header: of ``SimBenchPop.csv`` or ``SimBenchGrouped.csv``, columns dataset_name,
            group_prompt_variable_map, input_template, human_answer, group_size. What stands as country is the
            group: a country where the map names one alone, else everything that the map says of it.
    """
    asked = ("dataset_name", "group_prompt_variable_map", "input_template", "human_answer", "group_size")
    frame = _frame(header, asked)
    numbers: dict[tuple[str, str], int] = {}
    rows: list[dict[str, Any]] = []
    for place, row in enumerate(frame.to_dict("records"), start=2):
        where = f"{header.path}, line {place}"
        source, text = str(row["dataset_name"]), str(row["input_template"])
        number = numbers.setdefault((source, text), sum(name == source for name, _ in numbers) + 1)
        group = _group(_literal(row["group_prompt_variable_map"], where), source)
        labels = dict(_lettered(text))
        for option, share in _literal(row["human_answer"], where).items():
            rows.append(
                {
                    "code": f"{source}-{number}",
                    "text": text.split("\n", 1)[0] if labels else text,
                    "topic": source,
                    "country": group,
                    "option": str(option),
                    "label": labels.get(str(option), str(option)),
                    "share": float(share),
                    "n": row.get("group_size", np.nan),
                }
            )
    return pd.DataFrame(rows)


def world_values_bench(header: Header) -> pd.DataFrame:
    """WorldValuesBench (Zhao et al. 2024): a row a participant and a column a question of WVS-7, unweighted.

    Args:
        header: of ``full_value_qa.tsv`` or a split of it, column D_INTERVIEW and one for each question.
    """
    frame = _frame(header)
    country = interview_country(frame[_PARTICIPANT])
    tables = []
    for code in (name for name in frame.columns if name != _PARTICIPANT):
        answers = pd.to_numeric(frame[code], errors="coerce")
        counts = pd.DataFrame({"country": country, "option": answers}).dropna().value_counts(sort=False)
        tables.append(counts.rename("count").reset_index().assign(code=str(code)))
    table = pd.concat(tables, ignore_index=True)
    option = table["option"].map("{:g}".format)
    return table.assign(option=option, label=option, text=table["code"], topic="other")


def interview_country(numbers: "pd.Series[Any]") -> "pd.Series[str]":
    """The country of each interview of WVS-7, by its number; missing where no country has it."""
    of = pd.to_numeric(numbers, errors="coerce") // _AFTER_COUNTRY
    known = {code: country_alpha3(float(code)) for code in of.dropna().unique()}
    return of.map(known)


def _frame(header: Header, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """The columns that are there; all when none are named."""
    wanted = [name for name in header.columns if columns is None or name in columns]
    return read_columns(header, wanted)[[name for name in columns or wanted if name in wanted]]


def _literal(text: object, where: str) -> Any:
    """A list or mapping as JSON or as Python writes it."""
    try:
        return json.loads(str(text))
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(str(text))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise SurveyError(f"{where}: expected a list or a mapping, got {str(text)[:60]!r}") from None


def _group(told: Mapping[str, object], source: str) -> str:
    """What a group is called."""
    values = [str(value) for value in told.values()]
    return ", ".join(values) if values else f"everybody in {source}"


def _lettered(text: str) -> Iterator[tuple[str, str]]:
    """The options that a question lists, letter by letter."""
    for line in text.splitlines():
        if found := re.fullmatch(r"\s*\(?([A-Z])\)?\s*[:.)]\s*(.+?)\s*", line):
            yield found[1], found[2]


LAYOUTS = (
    ShareLayout("GlobalOpinionQA", ("question", "selections", "options", "source"), global_opinion_qa),
    ShareLayout(
        "SimBench", ("dataset_name", "group_prompt_variable_map", "input_template", "human_answer"), sim_bench
    ),
    ShareLayout(
        "WorldValuesBench",
        (_PARTICIPANT, "Q1", "Q2"),
        world_values_bench,
        lacks=("B_COUNTRY", "B_COUNTRY_ALPHA"),  # a file of the survey itself numbers its interviews alike
    ),
)
"""The data sets whose files are read as they are."""
