"""A draft finds what an unknown file holds, and reads it as a plain computation does."""

import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from tests.data.unknown_surveys import UNKNOWN, issp
from value_personas.data import Survey, draft_survey, read_survey
from value_personas.signatures import SurveyError

COUNTRY = {"gss": "USA"}


def drafted(name: str, folder: Path) -> tuple[Path, dict[str, Any], tuple[str, ...], Survey]:
    write, file = UNKNOWN[name]
    path = write(folder / file)
    draft = draft_survey(path, country_is=COUNTRY.get(name))
    (folder / "own.toml").write_text(draft.codebook, encoding="utf-8")
    survey = read_survey(path, codebook=folder / "own.toml")
    return path, tomllib.loads(draft.codebook), draft.targets, survey


EXPECTED: dict[str, dict[str, Any]] = {
    "issp": {
        "design": {"country": ["V3"]},
        "weights": {"within-country": ["WEIGHT"]},
        "demographics": {"sex", "age", "education"},
        "targets": ("V5", "V6", "V8"),
        "countries": ("AUS", "DEU", "JPN"),
    },
    "afrobarometer": {
        "design": {"country": ["COUNTRY"], "respondent": ["RESPNO"]},
        "weights": {"within-country": ["Withinwt"], "population": ["Combinwt"]},
        "demographics": {"settlement", "age"},
        "targets": ("Q30", "Q41"),
        "countries": ("GHA", "MWI", "NGA"),
    },
    "lapop": {
        "design": {"country": ["pais"], "year": ["year"]},
        "weights": {"within-country": ["wt"], "equal-country": ["weight1500"]},
        "demographics": {"sex", "age"},
        "targets": ("b13", "ing4"),
        "countries": ("BRA", "GTM", "MEX"),
    },
    "gss": {
        "design": {"country_is": "USA", "year": ["year"], "respondent": ["id"]},
        "weights": {"within-country": ["wtssps"]},
        "demographics": {"sex", "age"},
        "targets": ("happy", "natspac"),
        "countries": ("USA",),
    },
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_a_draft_finds(name: str, tmp_path: Path) -> None:
    _, codebook, targets, survey = drafted(name, tmp_path)
    found = {
        "design": codebook["design"],
        "weights": codebook["weights"],
        "demographics": set(codebook["demographics"]),
        "targets": targets,
        "countries": survey.countries,
    }
    assert found == EXPECTED[name]


@pytest.mark.parametrize(
    ("name", "code", "answers", "weight"),
    [
        ("issp", "V5", [1, 2, 3, 4, 5], "WEIGHT"),
        ("issp", "V6", [*range(11)], "WEIGHT"),
        ("afrobarometer", "Q41", [0, 1, 2, 3], "Withinwt"),
        ("lapop", "b13", [1, 2, 3, 4, 5, 6, 7], "wt"),
        ("gss", "happy", [1, 2, 3], "wtssps"),
    ],
)
def test_a_drafted_question_is_read_as_by_hand(
    name: str, code: str, answers: list[int], weight: str, tmp_path: Path
) -> None:
    path, _, _, survey = drafted(name, tmp_path)
    read = pyreadstat.read_dta if path.suffix == ".dta" else pyreadstat.read_sav
    table, _ = read(str(path), user_missing=True)
    if name == "gss":  # several years: the newest
        table = table[table["year"] == table["year"].max()]
    values = pd.to_numeric(table[code], errors="coerce")
    valid = values.isin(answers)
    country = next(column for column in ("V3", "COUNTRY", "pais", "year") if column in table)
    for stored, rows in table.groupby(country):
        known = valid[rows.index]
        sums = rows.loc[known, weight].groupby(values[rows.index][known]).sum().reindex(answers, fill_value=0)
        named = next(
            c for c in survey.countries if len(survey.countries) == 1 or _is(survey, c, name, stored)
        )
        np.testing.assert_allclose(survey.distribution(code, named), sums / sums.sum(), atol=1e-12)
        lost = rows.loc[~known, weight].sum() / rows[weight].sum()
        assert sum(survey.missing_share(code, named).values()) == pytest.approx(lost, abs=1e-12)


def _is(survey: Survey, country: str, name: str, stored: object) -> bool:
    labels = {
        "issp": {36: "AUS", 276: "DEU", 392: "JPN"},
        "afrobarometer": {4: "GHA", 8: "MWI", 12: "NGA"},
        "lapop": {1: "MEX", 2: "GTM", 15: "BRA"},
    }[name]
    return labels[int(float(str(stored)))] == country


def test_missing_codes_stand_with_their_question_where_another_has_them_as_answers(tmp_path: Path) -> None:
    _, codebook, _, survey = drafted("issp", tmp_path)
    assert codebook["questions"]["V5"]["missing"] == {"dont_know": [8], "no_answer": [9]}
    assert set(survey.missing_share("V5", "DEU")) == {"dont_know", "no_answer"}
    assert codebook["questions"]["V7"]["topic"] == "nominal"


def test_a_column_of_no_labels_is_drafted_to_be_filled_in(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text(
        "pais,trust,q1,wt,name\nBrasil,A lot,1,1.0,Ann\nBrasil,Some,2,1.2,Bob\nPerú,A lot,3,0.8,Cy\n"
    )
    draft = draft_survey(path)
    lines = {line.split(" = ")[0]: line for line in draft.codebook.splitlines()}
    assert "TO FILL IN" in lines["trust"]
    assert "TO FILL IN" in lines["q1"]
    assert "order of the answer card" in lines["trust"]
    assert (draft.targets, draft.unordered) == (("q1",), ())  # words in no known order are not scored
    (tmp_path / "own.toml").write_text(draft.codebook)
    assert read_survey(path, codebook=tmp_path / "own.toml").countries == ("BRA", "PER")


def test_levels_that_somebody_put_in_order_are_drafted_in_it(tmp_path: Path) -> None:
    pyreadr = pytest.importorskip("pyreadr")
    rng = np.random.default_rng(0)
    card = {"econ": ["Very bad", "Bad", "Good", "Very good"], "trust": ["A lot", "Not at all", "Some"]}
    factors = {name: pd.Categorical(rng.choice(levels, 90), levels) for name, levels in card.items()}
    table = pd.DataFrame({"country": pd.Categorical(rng.choice(["Ghana", "Mali"], 90)), **factors})
    pyreadr.write_rds(str(tmp_path / "s.rds"), table)
    draft = draft_survey(tmp_path / "s.rds")
    assert (draft.targets, draft.unordered) == (("econ",), ())  # the alphabet's order says nothing of trust
    (tmp_path / "own.toml").write_text(draft.codebook)
    survey = read_survey(tmp_path / "s.rds", codebook=tmp_path / "own.toml")
    (econ,) = (question for question in survey.questions if question.code == "econ")
    assert list(econ.scale.labels) == card["econ"]
    here = table.loc[table["country"] == "Ghana", "econ"].value_counts(normalize=True, sort=False)
    np.testing.assert_allclose(survey.distribution("econ", "GHA"), here[card["econ"]], atol=1e-12)
    words = table[["country", "trust"]]
    words.to_csv(tmp_path / "words.csv", index=False)
    assert draft_survey(tmp_path / "words.csv").unordered == ("trust",)


def test_nothing_drafted_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("country,x\n" + "".join(f"DEU,{i}.5\n" for i in range(40)))
    with pytest.raises(SurveyError, match="no column looks like a question") as told:
        draft_survey(path)
    (guide,) = re.findall(r"\((\S+) tells how\)", str(told.value))
    assert "[questions" in Path(guide).read_text(encoding="utf-8")


@pytest.mark.shared
def test_the_shared_cases_are_drafted(shared_dir: Path, tmp_path: Path) -> None:
    cases = shared_dir / "cases" / "surveys"
    for name, country, code, expected in (
        ("draft_missing_as_option.sav", None, "Q1", {"dont_know": 0.12, "no_answer": 0.08}),
        ("national_no_country.sav", "NZL", "Q2", {"no_answer": 0.2}),
        ("spanish_missing.sav", None, "b13", {"dont_know": 0.15, "no_answer": 0.1}),
        ("answer_that_says_dont_know.sav", None, "Q9", {"not_applicable": 0.3}),
        ("stata_integers_with_missing.dta", None, "q1", {"system_missing": 0.1}),
    ):
        own = tmp_path / f"{name}.toml"
        own.write_text(draft_survey(cases / name, country_is=country).codebook, encoding="utf-8")
        survey = read_survey(cases / name, codebook=own)
        weight = survey.weights
        assert sum(survey.missing_share(code, survey.countries[0]).values()) > 0
        if (weight == weight[0]).all():
            assert survey.missing_share(code, survey.countries[0]) == pytest.approx(expected)
        else:
            assert set(survey.missing_share(code, survey.countries[0])) == set(expected)
    god = read_survey(
        cases / "answer_that_says_dont_know.sav", codebook=tmp_path / "answer_that_says_dont_know.sav.toml"
    )
    assert god.distribution("Q16", "NZL").tolist() == [0.25, 0.25, 0.5]


def test_a_recipe_names_its_files_from_where_it_lies(tmp_path: Path) -> None:
    path = issp(tmp_path / "issp.sav")
    draft = draft_survey(path)
    (tmp_path / "sub").mkdir()
    recipe = tomllib.loads(draft.recipe(path, tmp_path / "sub" / "own.toml"))
    assert recipe["survey"] == {"path": "../issp.sav", "codebook": "own.toml"}
    assert recipe["personas"] == ["none", "country", "demographic"]
    assert recipe["questions"]["include"] == ["V5", "V6", "V8"]


def test_what_a_panel_knows_of_its_members_is_no_question(tmp_path: Path) -> None:
    """The profile columns and labels of Pew's files."""
    labels = {
        "F_AGECAT": {1.0: "18-29", 2.0: "30-49", 3.0: "50-64", 4.0: "65+"},
        "F_GENDER": {1.0: "A man", 2.0: "A woman", 3.0: "In some other way"},
        "F_PARTY_FINAL": {1.0: "Republican", 2.0: "Democrat", 3.0: "Independent"},
        "F_EDUCCAT": {1.0: "College graduate+", 2.0: "Some College", 3.0: "H.S. graduate or less"},
        "F_CREGION": {1.0: "Northeast", 2.0: "Midwest", 3.0: "South", 4.0: "West"},
        "ECON1": {1.0: "Excellent", 2.0: "Good", 3.0: "Only fair", 4.0: "Poor"},
    }
    rng = np.random.default_rng(0)
    answers = {name: rng.integers(1, len(of) + 1, 90).astype(float) for name, of in labels.items()}
    table = pd.DataFrame(answers)
    pyreadstat.write_sav(table, str(tmp_path / "pew.sav"), variable_value_labels=labels)
    found = tomllib.loads(draft_survey(tmp_path / "pew.sav", country_is="USA").codebook)
    assert set(found["questions"]) == {"ECON1"}
    assert found["demographics"]["sex"] == {"column": "F_GENDER", "labels": ["man", "woman"], "codes": [1, 2]}
    assert found["demographics"]["education"]["column"] == "F_EDUCCAT"


def test_points_that_nobody_chose_are_drafted_and_dates_are_not(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({
        "country": "Ghana",
        "leftright": rng.choice([0, 1, 2, 4, 5, 6, 8, 9, 10], 60),
        "justified": rng.choice([1, 3, 5, 8, 10], 60),
        "voted": rng.choice([1, 5], 60),
        "happy": rng.choice([1, 2, 4], 60),
        "seconds": rng.choice([6_825_600, 9_390_124_800], 60),
    })  # fmt: skip
    table.iloc[:12].to_csv(tmp_path / "few.csv", index=False)
    pd.concat([table] * 4).to_csv(tmp_path / "many.csv", index=False)
    codes = {}
    for name in ("few", "many"):
        codebook = tomllib.loads(draft_survey(tmp_path / f"{name}.csv").codebook)
        scales, questions = codebook["scales"], codebook["questions"]
        codes[name] = {code: scales[q["scale"]]["codes"] for code, q in questions.items()}
    assert codes["many"] == {
        "leftright": [*range(11)],
        "justified": [1, 3, 5, 8, 10],  # 240 people: the card has no other points
        "voted": [1, 5],
        "happy": [1, 2, 3, 4],
    }
    assert codes["few"]["justified"] == [*range(1, 11)]
    assert codes["few"]["voted"] == [1, 5]
