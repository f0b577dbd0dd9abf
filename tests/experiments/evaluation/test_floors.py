from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pyreadstat
import pytest

from tests.data.surveys import frame, write_sav
from value_personas import data
from value_personas.data import draft_codebook, read_survey
from value_personas.experiments.evaluation.floors import Floors
from value_personas.experiments.evaluation.human import human_answers
from value_personas.experiments.scoring import SCORES, score
from value_personas.signatures import Question


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> data.Survey:
    return read_survey(write_sav(frame(), tmp_path_factory.mktemp("floors") / "own.sav"))


def cell(survey: data.Survey) -> tuple[str, Question]:
    return survey.countries[0], survey.questions[0]


def test_a_floor_is_the_mean_score_of_respondents_drawn_anew(survey: data.Survey) -> None:
    country, question = cell(survey)
    floor = Floors(seed=3, draws=4000).of(survey, country, question)
    positions, weights = survey.responses(question.code, country)
    rng, human, errors = np.random.default_rng(11), survey.distribution(question.code, country), []
    for _ in range(4000):
        drawn = rng.integers(0, len(positions), len(positions))
        p = np.array([weights[drawn][positions[drawn] == k].sum() for k in range(len(human))])
        errors.append(np.abs(np.cumsum(p / p.sum() - human)).sum() / (len(human) - 1))
    assert floor["wasserstein"] == pytest.approx(np.mean(errors), rel=0.04)
    assert floor.keys() == score(human, human, question.scale.values).keys()


def test_a_kept_floor_is_read_to_the_last_digit_and_not_drawn_again(
    survey: data.Survey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    country, question = cell(survey)
    file = tmp_path / "floors" / "one.json"
    first = Floors(0, 50, file)
    drawn = first.of(survey, country, question)
    first.keep()
    monkeypatch.setattr(data, "bootstrap_distributions", None)
    assert Floors(0, 50, file).of(survey, country, question) == pytest.approx(
        drawn, rel=0, abs=0, nan_ok=True
    )
    for seed, draws in ((1, 50), (0, 51)):  # other draws are other floors
        with pytest.raises(TypeError):
            Floors(seed, draws, file).of(survey, country, question)


def test_two_who_keep_in_one_file_lose_nothing_of_each_other(survey: data.Survey, tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    one, other = Floors(0, 20, file), Floors(0, 20, file)
    for floors, country in ((one, survey.countries[0]), (other, survey.countries[1])):
        floors.of(survey, country, survey.questions[0])
    one.keep()
    other.keep()
    assert len(orjson.loads(file.read_bytes())) == 2


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"k": 1}', b'{"k": {"rps": "x"}}', b"\xff"])
def test_a_file_that_holds_no_floors_counts_as_empty(
    survey: data.Survey, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "one.json"
    file.write_bytes(content)
    floors = Floors(0, 20, file)
    floors.of(survey, *cell(survey))
    floors.keep()
    (kept,) = orjson.loads(file.read_bytes()).values()
    assert kept.keys() == SCORES.keys()


def test_published_shares_have_the_floor_of_as_many_respondents(tmp_path: Path) -> None:
    table = pd.DataFrame({"country": "Chile", "question": "q", "option": ["no", "yes"], "n": 400})
    table.assign(share=[0.3, 0.7]).to_csv(tmp_path / "s.csv", index=False)
    survey = data.read_survey(tmp_path / "s.csv")
    floor = Floors(0, 2000).of(survey, "CHL", survey.questions[0])
    # the mean absolute deviation of a share, normal approximation of the binomial
    expected = np.sqrt(2 / np.pi * 0.3 * 0.7 / 400)
    assert floor["total_variation"] == pytest.approx(expected, rel=0.05)


def test_a_floor_of_sampling_points_is_another_than_one_of_respondents(tmp_path: Path) -> None:
    table = frame(rows=600)
    place = table.groupby("B_COUNTRY")["Q29"].rank(method="first") // 10  # who is alike lives together
    survey = read_survey(write_sav(table.assign(I_PSU=place), tmp_path / "points.sav"))
    alone = read_survey(write_sav(table, tmp_path / "alone.sav"))
    country, question = "DEU", survey.question("Q29")
    file = tmp_path / "both.json"
    floors = Floors(0, 200, file)
    drawn = [floors.of(one, country, question)["wasserstein"] for one in (survey, alone)]
    assert drawn[0] > 2 * drawn[1]
    floors.keep()
    kept = Floors(0, 200, file)
    assert [kept.of(one, country, question)["wasserstein"] for one in (survey, alone)] == drawn


def test_of_one_person_no_floor_is_known_and_few_are_named(tmp_path: Path) -> None:
    table = pd.DataFrame({"country": ["Ghana"] * 40 + ["Mali"], "q": [1.0, 2.0] * 20 + [1.0]})
    file = tmp_path / "s.sav"
    pyreadstat.write_sav(table, str(file), variable_value_labels={"q": {1: "Yes", 2: "No"}})
    (tmp_path / "own.toml").write_text(draft_codebook(file))
    survey = read_survey(file, codebook=tmp_path / "own.toml")
    assert "Fewer than 30 respondents: MLI (1); what people there answer is hardly known." in survey.notes
    human = human_answers(Floors(0, 20), survey, survey.countries, survey.questions)
    floor = human.floor["normalised_mae"][:, 0]
    assert floor[0] > 0.01
    assert np.isnan(floor[1])  # not 0, as if one person's answer were a country's
