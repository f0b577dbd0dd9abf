"""The synthetic survey is a real file, and what it samples is known."""

import math
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from tests.data.synthetic.truth import item_distribution, item_means, population_distribution
from value_personas import data
from value_personas.data.codebooks.codebook import load_codebook
from value_personas.data.codebooks.instruments import load_instrument
from value_personas.data.countries import country_alpha3, country_number
from value_personas.data.synthetic import AnswerLaw, Causes, load_world, write_synthetic_survey
from value_personas.signatures.errors import SurveyError

ALL = tuple(load_world().countries)
NO_CAUSES = Causes(demographics=0.0, interactions=0.0, thresholds=0.0, silence=0.0)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("synthetic") / "world.sav"
    write_synthetic_survey(path, seed=3, respondents_per_country=1000)
    return path


@pytest.fixture(scope="module")
def frame(written: Path) -> pd.DataFrame:
    return pyreadstat.read_sav(str(written), user_missing=True)[0]


def unit_mean(p: np.ndarray) -> float:
    return float(p @ np.linspace(0.0, 1.0, len(p)))


def test_it_is_a_wvs_file_with_labels_and_user_missing_ranges(written: Path) -> None:
    _, meta = pyreadstat.read_sav(str(written), user_missing=True)
    assert {"B_COUNTRY", "B_COUNTRY_ALPHA", "A_YEAR", "W_WEIGHT", "SYNTHETIC", "H_URBRURAL"} <= set(
        meta.column_names
    )
    assert {"Q154", "Q155", "Q8", "Q14", "Q15", "Q17", *load_codebook("wvs7").questions} <= set(
        meta.column_names
    )
    assert meta.variable_value_labels["B_COUNTRY"][905.0] == "Solandria"
    assert meta.variable_value_labels["Q29"][1.0] == "strongly agree"
    assert meta.variable_value_labels["Q29"][-2.0] == "No answer"
    assert meta.missing_ranges["Q164"] == [{"lo": -5.0, "hi": -1.0}]
    assert "B_COUNTRY" not in meta.missing_ranges


def test_every_stored_code_is_on_the_scale_or_a_missing_code(frame: pd.DataFrame) -> None:
    for code, entry in load_codebook("wvs7").questions.items():
        assert set(frame[code].unique()) <= {*entry.stored.codes, -1.0, -2.0}


def test_about_three_in_a_hundred_target_answers_are_missing(frame: pd.DataFrame) -> None:
    targets = frame[list(load_codebook("wvs7").questions)]
    weights = frame["W_WEIGHT"].to_numpy()  # in the sample fewer: it holds more townspeople, who speak up
    assert np.average((targets < 0).mean(axis=1), weights=weights) == pytest.approx(0.03, abs=0.002)
    assert np.average(frame["Q164"] < 0, weights=weights) == pytest.approx(0.01, abs=0.004)


def test_weights_have_mean_one_and_give_the_towns_their_share(
    frame: pd.DataFrame,
) -> None:
    for alpha3, home in load_world().countries.items():
        rows = frame[frame["B_COUNTRY_ALPHA"] == alpha3]
        town = rows["H_URBRURAL"] == 1
        assert rows["W_WEIGHT"].mean() == pytest.approx(1.0, abs=1e-12)
        assert rows["W_WEIGHT"][town].sum() / rows["W_WEIGHT"].sum() == pytest.approx(home.urban, abs=1e-12)
        assert town.mean() > home.urban + 0.2


def test_read_like_any_survey_it_shows_the_truth_and_unweighted_it_does_not(
    written: Path, frame: pd.DataFrame
) -> None:
    survey = data.read_survey(written)
    assert survey.countries == ALL
    assert survey.is_synthetic
    assert survey.country_name("XNC") == "Ostrovia"
    weighted, unweighted = [], []
    for question in survey.questions:
        codes = load_codebook("wvs7").questions[question.code].stored.codes
        for country in ALL:
            true = unit_mean(population_distribution(question.code, country))
            weighted.append(abs(unit_mean(survey.distribution(question, country)) - true))
            answers = frame.loc[frame["B_COUNTRY_ALPHA"] == country, question.code]
            shares = np.array([(answers == code).sum() for code in codes], dtype=float)
            unweighted.append(abs(unit_mean(shares / shares.sum()) - true))
    assert np.mean(weighted) < 0.012  # √(2/π) · 0.28/√600: the sampling error of a mean
    assert np.mean(unweighted) > 1.6 * np.mean(weighted)


def test_composite_items_are_built_from_their_columns_to_the_population_s_means(
    written: Path,
) -> None:
    profiles = data.value_profiles(data.read_survey(written))
    weights, home = np.asarray(profiles.weight), np.asarray(profiles.country)
    for item in load_instrument("inglehart-welzel").items:
        low, span = min(item.scale.scores), item.scale.span
        values = (profiles.frame[item.code].to_numpy() - low) / span
        for country in ALL:
            rows = (home == country) & ~np.isnan(values)
            mean = np.average(values[rows], weights=weights[rows])
            assert mean == pytest.approx(item_means(country)[item.code], abs=0.06), (item.code, country)


def test_the_countries_spread_over_all_four_quadrants_of_the_map(
    written: Path,
) -> None:
    cultural_map = data.cultural_map(data.value_profiles(data.read_survey(written)))
    quadrants = zip(
        np.sign(cultural_map["survival_self_expression"]),
        np.sign(cultural_map["traditional_secular"]),
        strict=True,
    )
    assert len(set(quadrants)) == 4


def test_items_correlate_within_a_country(frame: pd.DataFrame) -> None:
    rows = frame[
        (frame["B_COUNTRY_ALPHA"] == "XND") & (frame[["Q164", "Q184", "Q45", "Q57"]] > 0).all(axis=1)
    ]
    correlation = rows[["Q164", "Q184", "Q45", "Q57"]].corr()
    assert correlation.loc["Q164", "Q184"] < -0.3  # the religious reject abortion
    assert correlation.loc["Q164", "Q45"] < -0.2  # and respect authority


def test_the_same_seed_gives_the_same_file_and_another_seed_another(tmp_path: Path) -> None:
    frames = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_synthetic_survey(tmp_path / f"{name}.sav", seed=seed, respondents_per_country=60, countries=2)
        frames.append(pyreadstat.read_sav(str(tmp_path / f"{name}.sav"))[0])
    pd.testing.assert_frame_equal(frames[0], frames[1])
    assert not frames[0].equals(frames[2])
    files = [(tmp_path / f"{name}.sav").read_bytes() for name in "abc"]
    assert files[0] == files[1] != files[2]
    about = pyreadstat.read_sav(str(tmp_path / "a.sav"), metadataonly=True)[1]
    assert about.creation_time == datetime(2020, 1, 1)  # the time of writing is no part of a hash


def test_fewer_countries_visit_every_quadrant_first_and_questions_can_be_chosen(tmp_path: Path) -> None:
    write_synthetic_survey(
        tmp_path / "four.sav", respondents_per_country=50, countries=4, questions=["Q29", "Q171"]
    )
    survey = data.read_survey(tmp_path / "four.sav")
    homes = [load_world().countries[code] for code in survey.countries]
    assert len({tuple(np.sign(home.place)) for home in homes}) == len(homes) == 4
    assert [question.code for question in survey.questions] == ["Q29", "Q171"]


def test_an_answer_law_is_its_formula() -> None:
    law = AnswerLaw("Q0", centre=0.4, spread=0.3, loadings={"F063": 0.5, "A165": -0.2})
    (p,) = law.probabilities({"F063": np.array([1.0]), "A165": np.array([0.25])}, options=5)
    u = 0.4 + 0.5 * 0.5 - 0.2 * -0.25
    by_hand = [math.exp(-((k / 4 - u) ** 2) / (2 * 0.3**2)) for k in range(5)]
    np.testing.assert_allclose(p, np.array(by_hand) / sum(by_hand), rtol=1e-12)


def test_population_distributions_agree_with_answers_drawn_one_by_one() -> None:
    world = load_world()
    home, law = world.countries["XNE"], world.targets["Q185"]
    rng = np.random.default_rng(7)
    people = world.people(home, rng.random(20_000) < home.urban, rng)
    drawn = [rng.choice(10, p=p) for p in law.probabilities(people.items, 10)]
    shares = np.bincount(drawn, minlength=10) / len(drawn)
    np.testing.assert_allclose(shares, population_distribution("Q185", "XNE"), atol=0.012)
    assert item_distribution("F120", "XNE").sum() == pytest.approx(1.0)


def test_no_invented_country_or_code_is_a_real_one() -> None:
    for code, home in load_world().countries.items():
        assert [country_alpha3(known) for known in (code, home.numeric, home.name)] == [None, None, None]
        assert country_number(code) is None
    assert [country_number(code) for code in ("VEN", "XKX", "CYN", "ALB")] == [862, 915, 197, 8]


def test_no_location_leaves_the_range_within_which_answers_are_told_apart() -> None:
    for law in load_world().targets.values():
        reach = sum(abs(b) for b in law.loadings.values()) / 2
        reach += sum(map(abs, law.together.values())) + sum(abs(by) / 2 for _, by in law.beyond.values())
        assert -1.0 < law.centre - reach < law.centre + reach < 2.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"questions": ["Q29", "Q999"]}, "question 'Q999' is not asked in the synthetic world"),
        ({"respondents_per_country": 10}, "at least 50 respondents a country, got 10"),
        ({"countries": 9}, "1 to 8 countries to survey, got 9"),
        ({"countries": 0}, "1 to 8 countries to survey, got 0"),
    ],
)
def test_what_cannot_be_written_is_refused_in_one_line(
    tmp_path: Path, arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(SurveyError, match=message):
        write_synthetic_survey(tmp_path / "no.sav", **arguments)  # type: ignore[arg-type]
    assert not (tmp_path / "no.sav").exists()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SurveyError, match=r"absent/world\.sav: the folder does not exist"):
        write_synthetic_survey(tmp_path / "absent" / "world.sav", respondents_per_country=50, countries=1)


# --- causes, and that what they bring goes with them --------------------------------------------------------


@pytest.fixture(scope="module")
def surveys(written: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, data.Survey]:
    """The world as it is, and one without any cause but single values."""
    bare = tmp_path_factory.mktemp("bare") / "world.sav"
    write_synthetic_survey(bare, seed=3, respondents_per_country=1000, causes=NO_CAUSES)
    return {"whole": data.read_survey(written), "bare": data.read_survey(bare)}


def explained(x: np.ndarray, y: np.ndarray) -> float:
    """Adjusted R² of least squares."""
    x = np.column_stack([np.ones(len(x)), x])
    left = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    unexplained = float(left.var() / y.var())
    return 1.0 - unexplained * (len(y) - 1) / (len(y) - x.shape[1])


def test_who_people_are_goes_with_values_as_far_as_among_people(surveys: dict[str, data.Survey]) -> None:
    profiles = data.value_profiles(surveys["whole"])
    told = profiles.demographics
    coded = [told[name].cat.codes for name in ("sex", "education", "income", "settlement")]
    belongs = told["religion"] != "no religious denomination"
    facts = np.column_stack([*coded, belongs, told["age"]]).astype(float)
    shares = []
    for item in profiles.frame:
        values = profiles.frame[item].to_numpy()
        rows = [(profiles.country == c).to_numpy() & ~np.isnan(values) for c in profiles.countries]
        shares.append(np.mean([explained(facts[of], values[of]) for of in rows]))
    assert 0.03 < min(shares) < max(shares) < 0.16
    assert told["age"].between(18, 88).all()
    assert "age" not in data.value_profiles(surveys["bare"]).demographics


@pytest.mark.parametrize("demographics", [0.5, 0.0001])
def test_how_far_who_people_are_goes_with_values_is_a_strength(demographics: float) -> None:
    world, whole = load_world(Causes(demographics=demographics)), load_world()
    age = [
        np.corrcoef(w.facts["age"].draw(away, w.fact_strength, np.random.default_rng(1)), away[:, 1])[0, 1]
        for away in [np.random.default_rng(0).standard_normal((20_000, 2))]
        for w in (world, whole)
    ]
    assert age[0] == pytest.approx(demographics * age[1], abs=0.02)
    assert age[1] == pytest.approx(-0.35, abs=0.03)


def test_silence_depends_on_values_and_without_the_cause_on_nothing(surveys: dict[str, data.Survey]) -> None:
    lean = {}
    for name, survey in surveys.items():
        silent = np.mean([survey.coded[q.code] < 0 for q in survey.questions], axis=0)
        faith = survey.item_columns["Y002"].coded.astype(float)  # a high code is toward self-expression
        rows = faith >= 0
        lean[name] = np.mean(
            [
                np.corrcoef(silent[of], faith[of])[0, 1]
                for c in range(len(survey.countries))
                for of in [rows & (survey.country_index == c)]
            ]
        )
    assert lean["whole"] < -0.1
    assert abs(lean["bare"]) < 0.04


def test_values_work_together_and_beyond_points_and_without_these_causes_one_by_one() -> None:
    home = load_world().countries["XND"]
    for causes, additive in ((Causes(), False), (Causes(interactions=0.0, thresholds=0.0), True)):
        world = load_world(causes)
        people = world.people(home, np.arange(2000) % 2 == 0, np.random.default_rng(1))
        items = np.column_stack(list(people.items.values()))
        asked = [world.targets[code] for code in ("Q36", "Q49", "Q61", "Q106")]
        shares = [explained(items, law.location(people.items)) for law in asked]
        assert bool(min(shares) > 1.0 - 1e-9) is additive
        assert bool(np.mean(shares) < 0.9) is not additive


def test_the_formula_of_interplay_is_its_formula() -> None:
    law = AnswerLaw("Q0", 0.4, 0.3, {"F063": 0.5}, {("F063", "A165"): 0.2}, {"A165": (0.6, -0.1)})
    (low, high) = law.location({"F063": np.array([1.0, 1.0]), "A165": np.array([0.25, 0.75])})
    assert low == pytest.approx(0.4 + 0.5 * 0.5 + 4 * 0.2 * 0.5 * -0.25 + 0.05)
    assert high == pytest.approx(0.4 + 0.5 * 0.5 + 4 * 0.2 * 0.5 * 0.25 - 0.05)
