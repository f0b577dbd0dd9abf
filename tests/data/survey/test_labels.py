"""The file's own labels decide what its codes mean, column by column, digits included."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from tests.data.surveys import LABELS, frame, write_sav
from value_personas.data import Survey, codebook_names, load_codebook, read_survey
from value_personas.data.codebooks.codebook import Codebook, StoredItem
from value_personas.data.codebooks.file import AimsRule, ScaleEntry
from value_personas.data.codebooks.instruments import part_words
from value_personas.data.codebooks.scales import StoredScale, stored_scale
from value_personas.data.survey.labels import ColumnFacts, judge_labels, meanings_of
from value_personas.signatures import SurveyError

AGREE = stored_scale(
    ScaleEntry(labels=["agree", "neither", "disagree"], codes=[1, 2, 3], also=[["yes"], [], ["no"]]), "test"
)
NUMBERS = stored_scale(ScaleEntry(**{"from": 1, "to": 4, "low": "never", "high": "always"}), "test")
INCOMES = stored_scale(
    ScaleEntry(
        **{"from": 1, "to": 10},
        low="people should take more responsibility for themselves",
        high="the government should take more responsibility",
    ),
    "test",
)


def judged(labels: Mapping[float | str, str], stored: StoredScale, present: list[float] | None = None) -> Any:
    codes = list(stored.codes) if present is None else present
    return judge_labels(ColumnFacts(labels), meanings_of(stored), {-1.0: "dont_know"}, lambda: codes)


@pytest.mark.parametrize(
    ("labels", "stored", "verdict"),
    [
        ({1.0: "Agree", 2.0: "Neither", 3.0: "Disagree", -1.0: "Don't know"}, AGREE, "agrees"),
        ({1.0: "Yes", 2.0: "Mal so, mal so", 3.0: "No"}, AGREE, "renames"),
        ({1.0: "Agree", 3.0: "Neither", 2.0: "Disagree"}, AGREE, "permutes"),
        ({1.0: "Disagree", 2.0: "Neither", 3.0: "Agree"}, AGREE, "reverses"),
        ({1.0: "Disagree", 2.0: "Neither", 3.0: "Da"}, AGREE, "contradicts"),
        ({1.0: "Agree", 2.0: "Disagree"}, AGREE, "contradicts"),  # nothing tells what 3 is
        ({1.0: "Stimme zu", 3.0: "Lehne ab"}, AGREE, "silent"),
        ({-1.0: "Don't know"}, AGREE, "silent"),
        ({1.0: "1", 2.0: "2", 3.0: "3"}, AGREE, "silent"),
        ({1.0: "3", 2.0: "1", 3.0: "2"}, AGREE, "permutes"),  # digits are the old codes
        ({1.0: "Never", 2.0: "2", 3.0: "3", 4.0: "Always"}, NUMBERS, "agrees"),
        ({1.0: "2", 2.0: "3", 3.0: "Always", 4.0: "Never"}, NUMBERS, "permutes"),
        ({1.0: "Always", 2.0: "2", 3.0: "3", 4.0: "Never"}, NUMBERS, "reverses"),
        ({1.0: "Always", 4.0: "Never"}, NUMBERS, "reverses"),
        ({1.0: "Always"}, NUMBERS, "contradicts"),
        ({0.0: "Never", 4.0: "Always"}, NUMBERS, "contradicts"),  # another number of points
        ({1.0: "2", 2.0: "3", 3.0: "4"}, NUMBERS, "contradicts"),  # and what is 4?
        ({1.0: "People should take more responsibility", 10.0: "Government: more"}, INCOMES, "agrees"),
        ({1.0: "Government responsible", 10.0: "People responsible"}, INCOMES, "reverses"),
    ],
)
def test_verdicts(labels: Mapping[float | str, str], stored: StoredScale, verdict: str) -> None:
    found = judged(labels, stored)
    assert found.verdict == verdict
    assert bool(found.told) == (verdict == "contradicts")


def test_a_level_that_nobody_chose_needs_no_label() -> None:
    found = judged({1.0: "Disagree", 2.0: "Neither"}, AGREE, present=[1.0, 2.0])
    assert found.verdict == "permutes"
    assert found.codes == {1.0: 2, 2.0: 1}


def test_a_label_that_speaks_of_no_answer_takes_its_code_off_the_scale() -> None:
    found = judged({1.0: "Agree", 2.0: "Disagree", 3.0: "Can't choose"}, AGREE, present=[1.0, 2.0, 3.0])
    assert found.verdict == "permutes"
    assert found.codes == {1.0: 0, 2.0: 2}
    assert found.missing == {3.0: "dont_know"}


@pytest.mark.parametrize(
    ("label", "end"),
    [
        ("Not at all satisfied", "low"),
        ("Satisfied", "high"),
        ("Very satisfied", "high"),
        ("Not satisfied", "low"),
        ("Never", ""),
        ("Somewhere between", ""),
    ],
)
def test_end_labels_are_compared_loosely_and_never_against_a_denial(label: str, end: str) -> None:
    entry = ScaleEntry(
        **{"from": 1, "to": 10},
        low="completely dissatisfied",
        high="completely satisfied",
        also_low=["not satisfied at all"],
    )
    found = judged({1.0: label}, stored_scale(entry, "test"))
    assert found.verdict == {"low": "agrees", "high": "contradicts", "": "silent"}[end]


# --- factor files: numbers are positions of levels under true labels ---------------------------------------

ORDERS = ("alphabetical", "backwards", "as they appear", "of the codebook, unused dropped", "shuffled")
MISSING = {-1.0: "Don't know", -2.0: "No answer", -4.0: "Not asked"}


def _labels(stored: StoredScale) -> dict[float, str]:
    """Labels as a release bears them: words, and numbers between the ends of a scale of numbers."""
    first, *middle, last = stored.scale.labels
    ends = [text.partition(" – ")[2] or text for text in (first, last)]
    texts = [ends[0].capitalize(), *middle, ends[1].capitalize()]
    return dict(zip(stored.codes, texts, strict=True))


def _columns(codebook: Codebook) -> dict[str, dict[float, str]]:
    """Column → code → label, for everything that the codebook reads as answers."""
    found: dict[str, dict[float, str]] = {}
    for question in codebook.questions.values():
        found[question.columns[0]] = _labels(question.stored)
    for item in codebook.items.values():
        if item.columns:
            found[item.columns[0]] = _labels(item.stored)
        found |= _parts(item)
    for name, entry in codebook.demographics.items():
        if entry.labels and name != "age":
            column = entry.column if isinstance(entry.column, str) else entry.column[0]
            found[column] = dict(zip(entry.codes or [], entry.labels, strict=True))
    for trait in codebook.personality.values():
        found |= {trait.plus: _labels(trait.stored), trait.minus: _labels(trait.stored)}
    return found


def _parts(item: StoredItem) -> dict[str, dict[float, str]]:
    """The columns of which an item is built."""
    low, high = part_words(item.code)
    if isinstance(item.build, AimsRule):
        codes = [*item.build.materialist, *item.build.post_materialist]
        aims = dict(zip(codes, [low[0], low[-2], high[0], high[-1]], strict=True))
        return {item.build.first: aims, item.build.second: aims}
    if item.build is None:
        return {}
    mentions = {item.build.mentioned: high[0], item.build.not_mentioned[-1]: low[0]}
    return dict.fromkeys((*item.build.plus, *item.build.minus), mentions)


def _table(codebook: Codebook, columns: Mapping[str, Mapping[float, str]]) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    rows = 160
    table = pd.DataFrame({name: rng.choice([*codes, -1.0, -2.0], rows) for name, codes in columns.items()})
    for name in list(columns)[::7]:  # a level that nobody chose
        codes = list(columns[name])
        table.loc[table[name] == codes[len(codes) // 2], name] = codes[0]
    if codebook.design["country"]:
        table[codebook.design["country"][0]] = rng.choice([276.0, 404.0, 900.0], rows)
    else:
        table[codebook.design["country_alpha"][0]] = rng.choice(["DE", "FR"], rows)
    for weight in codebook.weights.values():
        table[weight[0]] = rng.uniform(0.5, 2.0, rows)
    return table


def _as_factors(
    table: pd.DataFrame, columns: Mapping[str, Mapping[float, str]], order: str, path: Path
) -> Path:
    """Write the columns as ``factor()`` (positions from 1) or pandas' categories (from 0) store them."""
    rng = np.random.default_rng(2)
    first = float(ORDERS.index(order) % 2)
    stored, labels = table.copy(), dict[str, dict[float | int, str]]()
    for name, codes in columns.items():
        words = table[name].map({**MISSING, **codes})
        levels = list(dict.fromkeys(words))
        if order == "alphabetical":
            levels.sort()
        elif order == "backwards":
            levels.sort(reverse=True)
        elif order == "shuffled":
            levels = [levels[i] for i in rng.permutation(len(levels))]
        elif order != "as they appear":
            levels = [text for text in dict.fromkeys([*codes.values(), *MISSING.values()]) if text in levels]
        stored[name] = words.map({text: first + i for i, text in enumerate(levels)})
        labels[name] = {int(first) + i: text for i, text in enumerate(levels)}
    whole = dict.fromkeys(columns, "int32")
    pyreadstat.write_dta(stored.astype(whole), str(path), variable_value_labels=labels)
    return path


def _facts(survey: Survey) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for country in survey.countries:
        for question in survey.questions:
            found[f"{country} {question.code}"] = survey.distribution(question, country)
            found[f"{country} {question.code} missing"] = survey.missing_share(question, country)
        for code in survey.item_columns:
            found[f"{country} {code} missing"] = survey.missing_share(code, country)
    for code, column in survey.item_columns.items():
        found[code] = column.coded
    found["who"] = survey.demographics.astype(object).to_numpy()
    return found


@dataclass(frozen=True)
class _Plain:
    """A file of a codebook's columns as it is published, and what it holds."""

    table: pd.DataFrame
    columns: Mapping[str, Mapping[float, str]]
    country: Mapping[str, Mapping[float, str]]
    survey: Survey
    facts: dict[str, Any]


@pytest.fixture(scope="module", params=codebook_names())
def plain(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> _Plain:
    codebook = load_codebook(request.param)
    columns = _columns(codebook)
    table = _table(codebook, columns)
    numbers = codebook.design["country"][:1]
    country = {column: {276.0: "Germany", 404.0: "Kenya", 900.0: "Nordhavia"} for column in numbers}
    labels = {column: {**MISSING, **codes} for column, codes in columns.items()}
    source = write_sav(table, tmp_path_factory.mktemp("plain") / "s.sav", labels={**labels, **country})
    survey = read_survey(source, codebook=request.param)
    return _Plain(table, columns, country, survey, _facts(survey))


@pytest.mark.parametrize("order", ORDERS)
def test_a_factor_file_reads_as_the_file_it_came_from(plain: _Plain, order: str, tmp_path: Path) -> None:
    country, expected = plain.country, plain.survey
    factors = _as_factors(plain.table, {**plain.columns, **country}, order, tmp_path / "s.dta")
    found = read_survey(factors, codebook=expected.codebook_name)
    assert {found.names[code] for code in found.countries} == {
        expected.names[code] for code in expected.countries
    }
    if country:  # an invented country has no code but its number
        invented = next(code for code, text in found.names.items() if text == "Nordhavia")
        expected_facts = {key.replace("900", invented): value for key, value in plain.facts.items()}
    else:
        expected_facts = plain.facts
    actual = _facts(found)
    assert expected_facts.keys() == actual.keys()
    for key, value in expected_facts.items():
        if isinstance(value, dict):
            assert actual[key] == pytest.approx(value), key
        elif key == "who":
            assert pd.DataFrame(actual[key]).equals(pd.DataFrame(value))
        else:
            np.testing.assert_array_equal(actual[key], value, err_msg=key)


def test_the_codes_decide_where_the_user_says_so(tmp_path: Path) -> None:
    turned = dict(zip((4.0, 3.0, 2.0, 1.0), list(LABELS["Q29"].values())[:4], strict=True))
    path = write_sav(frame(), tmp_path / "s.sav", labels={**LABELS, "Q29": turned})
    by_labels, by_codes = read_survey(path), read_survey(path, accept=["Q29"])
    np.testing.assert_array_equal(
        by_labels.distribution("Q29", "DEU"), by_codes.distribution("Q29", "DEU")[::-1]
    )
    also_turned = read_survey(path, reverse=["Q29"])
    np.testing.assert_array_equal(
        also_turned.distribution("Q29", "DEU"), by_labels.distribution("Q29", "DEU")
    )
    assert by_labels.label_verdicts["Q29"] == "reverses"


def test_labels_in_no_known_order_stop_with_one_line(tmp_path: Path) -> None:
    labels = {**LABELS, "Q29": {1.0: "Agree", 2.0: "Strongly agree", 3.0: "Nein", 4.0: "Strongly disagree"}}
    with pytest.raises(SurveyError) as caught:
        read_survey(write_sav(frame(), tmp_path / "s.sav", labels=labels))
    message = str(caught.value)
    assert "column Q29" in message
    assert "code 1 is labelled 'Agree', and the codebook gives it to 'strongly agree'" in message
    assert "of code 3 the labels do not tell" in message
    assert "--accept Q29" in message
    assert "\n" not in message


@pytest.mark.shared
def test_old_codes_of_religion_and_the_direction_of_e037(shared_dir: Path) -> None:
    survey = read_survey(shared_dir / "cases" / "surveys" / "e037_trend.sav")
    assert survey.distribution("E037", "ARG").tolist() == [0.25, *[0.0] * 8, 0.75]
    assert survey.question("E037").scale.labels[-1].endswith("the government should take more responsibility")
    counts = survey.demographics["religion"].value_counts()
    assert counts[counts > 0].to_dict() == {"Roman Catholic": 60, "Aglipayan": 30, "Muslim": 30}


@pytest.mark.shared
def test_a_files_own_numbers_of_countries_are_read_by_their_labels(shared_dir: Path) -> None:
    cases = shared_dir / "cases" / "surveys"
    survey = read_survey(cases / "country_own_numbers.sav", codebook=cases / "country_own_numbers.toml")
    assert survey.countries == ("GHA", "MWI", "NGA")


def test_a_word_of_two_codes_moves_none(tmp_path: Path) -> None:
    """As the release of WVS-7 labels Q121: "rather bad" is the codebook's other word for "quite bad"."""
    labels = {
        1.0: "Rather bad",
        2.0: "Quite bad",
        3.0: "Neither good, nor bad",
        4.0: "Quite good",
        5.0: "Very good",
    }
    table = frame(100).assign(Q121=np.tile([1.0, 2.0, 3.0, 4.0, 5.0], 20))
    survey = read_survey(write_sav(table, tmp_path / "s.sav", {**LABELS, "Q121": labels}))
    assert survey.label_verdicts["Q121"] in ("agrees", "renames")
    shares = np.bincount(survey.coded["Q121"], minlength=5)
    assert shares.tolist() == [20, 20, 20, 20, 20]
