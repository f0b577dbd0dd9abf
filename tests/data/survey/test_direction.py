"""A value item that a file stores the other way round stops the run; nothing else does."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.data.surveys import LABELS, frame, write_sav
from value_personas.data import check_directions, load_instrument, read_survey, value_profiles
from value_personas.signatures import SurveyError

TREND = ["argentina2013", "brasil2006", "chile2018", "uruguai2011"]
WITHOUT_LABELS: dict[str, dict[float, str]] = {}


def real_looking(rows: int = 800) -> pd.DataFrame:
    """Items with the published means, hanging together as in real samples."""
    table = frame(rows, seed=5)
    rng = np.random.default_rng(6)
    value = rng.normal(size=rows)
    means = {
        "Q46": (1.9, 0.72, -1),
        "Q57": (1.72, 0.45, -1),
        "Q45": (1.54, 0.73, 1),
        "Q209": (2.08, 0.83, -1),
        "Q164": (7.1, 3.2, -1),
        "Q182": (3.7, 3.2, 1),
        "Q184": (3.8, 3.0, 1),
        "Q254": (1.6, 0.75, 1),
    }
    tops = {"Q46": 4, "Q57": 2, "Q45": 3, "Q209": 3, "Q164": 10, "Q182": 10, "Q184": 10, "Q254": 4}
    for name, (mean, deviation, sign) in means.items():
        latent = mean + deviation * (0.6 * sign * value + 0.8 * rng.normal(size=rows))
        table[name] = np.clip(np.round(latent), 1, tops[name])
    return table


def verdicts(path: Path, **options: object) -> dict[str, str]:
    survey = read_survey(path, **options)  # type: ignore[arg-type]
    return {
        check.item: check.verdict for check in check_directions(survey, load_instrument("inglehart-welzel"))
    }


def test_labels_decide(tmp_path: Path) -> None:
    found = verdicts(write_sav(real_looking(), tmp_path / "s.sav"))
    assert {found[code] for code in ("A008", "A165", "E018", "E025", "F063", "F118", "F120", "G006")} == {
        "agrees"
    }


BACKWARDS = {**LABELS, "Q45": {1.0: "Bad", 2.0: "Don't mind", 3.0: "Good"}}


def test_labels_that_run_backwards_are_followed(tmp_path: Path) -> None:
    right = real_looking()
    turned = write_sav(right.assign(Q45=4 - right["Q45"]), tmp_path / "turned.sav", labels=BACKWARDS)
    survey = read_survey(turned)
    assert survey.label_verdicts["E018"] == "reverses"
    assert any("E018" in note and "they are used" in note for note in survey.notes)
    expected = value_profiles(read_survey(write_sav(right, tmp_path / "right.sav")))
    pd.testing.assert_frame_equal(value_profiles(survey).frame, expected.frame)


def test_one_end_that_contradicts_stops(tmp_path: Path) -> None:
    labels = {**LABELS, "Q164": {1.0: "Very important", 10.0: "the other end"}}
    with pytest.raises(SurveyError) as caught:
        read_survey(write_sav(real_looking(), tmp_path / "s.sav", labels=labels))
    message = str(caught.value)
    assert "column Q164 (F063)" in message
    assert "code 1 is labelled 'Very important'" in message
    assert "not at all important" in message
    assert "--accept F063" in message
    assert 'survey.accept = ["F063"]' in message
    assert "\n" not in message


def test_reversing_turns_the_item_and_goes_on(tmp_path: Path) -> None:
    right = real_looking()
    turned = write_sav(right.assign(Q45=4 - right["Q45"]), tmp_path / "turned.sav", labels=BACKWARDS)
    profiles = value_profiles(read_survey(turned, reverse=["E018"]))
    expected = value_profiles(read_survey(write_sav(right, tmp_path / "right.sav")))
    pd.testing.assert_frame_equal(profiles.frame, expected.frame)


def test_accepting_goes_on_with_a_warning(tmp_path: Path) -> None:
    path = write_sav(real_looking(), tmp_path / "s.sav", labels=BACKWARDS)
    survey = read_survey(path, accept=["E018"])
    profiles = value_profiles(survey)
    assert any(note.startswith("E018") for note in profiles.notes)


def test_without_labels_the_marginals_and_correlations_decide(tmp_path: Path) -> None:
    right = real_looking()
    path = write_sav(right, tmp_path / "right.sav", labels=WITHOUT_LABELS)
    assert "contradicts" not in verdicts(path).values()
    for column, code, top in (
        ("Q254", "G006", 5),
        ("Q46", "A008", 5),
        ("Q45", "E018", 4),
        ("Q57", "A165", 3),
    ):
        turned = right.copy()
        turned[column] = np.where(right[column] > 0, top - right[column], right[column])
        found = verdicts(write_sav(turned, tmp_path / f"{code}.sav", labels=WITHOUT_LABELS))
        assert {item for item, verdict in found.items() if verdict == "contradicts"} == {code}


def test_weak_evidence_warns_and_says_how_weak(tmp_path: Path) -> None:
    table = real_looking()
    rng = np.random.default_rng(1)
    table["Q209"] = rng.choice([1.0, 2.0, 3.0], len(table), p=[0.36, 0.33, 0.31])  # means 1.95, reversed 2.05
    labels = {name: texts for name, texts in LABELS.items() if name != "Q209"}
    survey = read_survey(write_sav(table, tmp_path / "s.sav", labels=labels))
    check = next(c for c in check_directions(survey, load_instrument("inglehart-welzel")) if c.item == "E025")
    assert check.verdict in ("leans_against", "leans_with")
    assert check.odds_reversed is not None
    assert 1 / 20 < check.odds_reversed < 20
    assert "weak evidence" in check.evidence
    value_profiles(survey)


@pytest.mark.shared
@pytest.mark.parametrize("name", TREND)
def test_the_reversed_trend_subsets_stop(name: str, shared_dir: Path) -> None:
    path = shared_dir / "surveys" / f"moreno_clivagem_{name}.sav"
    found = verdicts(path)
    assert {item for item, verdict in found.items() if verdict == "contradicts"} == {"E018", "G006"}
    with pytest.raises(SurveyError, match=r"--reverse E018 --reverse G006.*--accept E018 --accept G006"):
        value_profiles(read_survey(path))
    profiles = value_profiles(read_survey(path, reverse=["E018", "G006"]))
    assert profiles.frame["E018"].mean() < 2
    assert profiles.frame["G006"].mean() < 2
    assert {"A008", "A165", "E025", "Y003"} <= set(profiles.absent)
    raw = read_survey(path, accept=["E018", "G006"])
    assert value_profiles(raw).frame["G006"].mean() > 3


@pytest.mark.shared
def test_venezuela_is_the_right_way_round(shared_dir: Path) -> None:
    found = verdicts(shared_dir / "surveys" / "F00011820-WVS_Wave_7_Venezuela_Excel_v3.0.xlsx")
    assert set(found.values()) <= {"agrees", "leans_with"}


@pytest.mark.shared
@pytest.mark.parametrize(
    ("column", "code", "total"), [("Q45", "E018", 4), ("Q254", "G006", 5), ("Q164", "F063", 11)]
)
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Workbook contains no default style:UserWarning")
def test_venezuela_inverted_is_caught(
    column: str, code: str, total: int, shared_dir: Path, tmp_path: Path
) -> None:
    path = shared_dir / "surveys" / "F00011820-WVS_Wave_7_Venezuela_Excel_v3.0.xlsx"
    table = pd.read_excel(path).rename(columns=lambda name: name.split(":")[0])
    inverted = table.assign(
        **{column: np.where(table[column].between(1, total - 1), total - table[column], -1)}
    )
    inverted.astype({"version": str, "doi": str}).to_csv(tmp_path / "inverted.csv", index=False)
    assert verdicts(tmp_path / "inverted.csv")[code] == "contradicts"


@pytest.mark.shared
def test_an_item_whose_codes_differ_among_releases_asks_for_labels(shared_dir: Path) -> None:
    path = shared_dir / "cases" / "surveys" / "evs_v114_nolabels.csv"
    with pytest.raises(SurveyError, match=r"no labels on v114 \(E018\).*--accept E018"):
        value_profiles(read_survey(path))
    assert len(value_profiles(read_survey(path, accept=["E018", "F063", "F118"])).frame)


PORTRAITS = [f"A{number}" for number in range(189, 200)]
LIKENESS = [
    "Very much like me",
    "Like me",
    "Somewhat like me",
    "A little like me",
    "Not like me",
    "Not at all like me",
]


def trend_portraits(rows: int = 60) -> pd.DataFrame:
    answers = np.random.default_rng(7).integers(1, 7, (rows, len(PORTRAITS))).astype(float)
    return pd.DataFrame(answers, columns=PORTRAITS).assign(
        S003=276.0, S002VS=6.0, S017=1.0, S020=2013.0, S025=2762013.0, F063=5.0, E018=1.0
    )


def test_portraits_of_the_time_series_are_read_whichever_way_its_release_stores_them(tmp_path: Path) -> None:
    """Labels of the release of 2014, and those of the Integrated Values Surveys 1981-2022."""
    table = trend_portraits()
    ways = [
        (LIKENESS, table),
        (LIKENESS[::-1], table.assign(**{name: 7 - table[name] for name in PORTRAITS})),
    ]
    read = []
    for words, stored in ways:
        labels = {name: dict(enumerate(words, start=1)) for name in PORTRAITS}
        path = write_sav(stored, tmp_path / f"{words[0]}.sav", labels=labels)  # type: ignore[arg-type]
        read.append(value_profiles(read_survey(path), "schwartz").frame)
    np.testing.assert_array_equal(read[0]["ipcrtiv"], table["A189"])
    pd.testing.assert_frame_equal(read[0], read[1])


def test_portraits_of_the_time_series_without_labels_are_not_guessed(tmp_path: Path) -> None:
    path = write_sav(trend_portraits(), tmp_path / "s.sav", labels=WITHOUT_LABELS)
    with pytest.raises(SurveyError, match=r"no labels on A189 \(ipcrtiv\), .*--accept ipcrtiv.*--reverse"):
        value_profiles(read_survey(path), "schwartz")
