"""A run's simulated answers as data files, read back by other programs' readers."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from tests.experiments.commands.typed import command
from tests.experiments.small_runs import damaged_copy, small_run
from value_personas import RunResult
from value_personas.experiments.export import ExportOptions, export_run
from value_personas.experiments.export.stored import read_answers
from value_personas.experiments.export.wide import wide_sheet
from value_personas.signatures import RecipeError, StoreError

CALIBRATED = "values-hedged + calibrated"
METHODS = ["country", "values-hedged", CALIBRATED]
ITEMS = ["A008", "A165", "E018", "E025", "F063", "F118", "F120", "G006", "Y002", "Y003"]
CODES = {"refused": -101.0, "low_label_mass": -104.0}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    workspace = tmp_path_factory.mktemp("export")
    return small_run(workspace, "profiles.n=12", "respondent.parameters.refusal_rate=0.1")


def exported(result: RunResult, path: Path, **options: object) -> pd.DataFrame:
    export_run(result.folder, path, ExportOptions(**options))  # type: ignore[arg-type]
    if path.suffix == ".sav":
        return pyreadstat.read_sav(str(path), user_missing=True)[0]
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)


def shares(frame: pd.DataFrame, question: str, scores: "pd.Series[float]") -> "pd.Series[float]":
    """Weighted shares of the answers that are there, by score."""
    there = frame[frame[question].isin(scores)]
    weight = there.groupby(question)["weight"].sum()
    return (weight / weight.sum()).reindex(scores, fill_value=0.0)


def test_the_tidy_table_gives_the_estimates_exactly(result: RunResult, tmp_path: Path) -> None:
    exported(result, tmp_path / "a.parquet")
    tidy = pd.read_parquet(tmp_path / "a-tidy.parquet")
    keys = ["method", "country", "question", "score"]
    known = tidy[tidy["missing"] == ""]
    assert known["probability"].notna().all()
    assert tidy[tidy["missing"] != ""]["probability"].isna().all()
    total = (known["probability"] * known["weight"]).groupby([known[k] for k in keys]).sum()
    found = total / known.groupby(keys)["weight"].sum()
    estimates = result.estimates.set_index(keys)["predicted"].dropna()
    assert len(estimates) > 200
    np.testing.assert_allclose(found.loc[estimates.index], estimates, atol=1e-12)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "a-estimates.parquet"), result.estimates)


def test_drawn_shares_are_the_estimates_within_the_error_of_the_draws(
    result: RunResult, tmp_path: Path
) -> None:
    draws = 100
    frame = exported(result, tmp_path / "a.sav", draws=draws)
    cells = result.estimates.dropna(subset=["predicted"]).groupby(["method", "country", "question"])
    worst = []
    for (method, country, question), cell in cells:
        rows = frame[(frame["method"] == method) & (frame["country_alpha"] == country)]
        share = shares(rows, question, cell["score"])
        predicted = cell["predicted"].to_numpy()
        weight = rows.drop_duplicates("persona")["weight"].to_numpy()
        # Independent draws would err by this much; those spread evenly over each persona's answers by less.
        error = np.sqrt(predicted * (1 - predicted) * (weight**2).sum() / weight.sum() ** 2 / draws)
        worst.append((np.abs(share.to_numpy() - predicted) / (error + 1e-9))[predicted > 0.01].max())
    assert len(worst) > 30
    assert max(worst) < 4.0
    assert np.median(worst) > 0.01


def test_a_personas_draws_follow_its_own_distribution(result: RunResult, tmp_path: Path) -> None:
    draws = 40
    frame = exported(result, tmp_path / "a.parquet", draws=draws, kinds=("values-hedged",), calibrated=True)
    tidy = pd.read_parquet(tmp_path / "a-tidy.parquet").query("question == 'Q185' and missing == ''")
    counted = frame.groupby(["country_alpha", "persona"])["Q185"].value_counts()
    for row in tidy.itertuples():
        n = counted.get((row.country, row.persona, row.score), 0)
        assert abs(n / draws - row.probability) <= 2 / draws + 1e-12
    ends = frame.groupby(["country_alpha", "persona"])["Q185"].first()
    assert ends.nunique() > 3  # the draws of a persona stand in no order


def test_spss_reads_codes_labels_weights_and_reasons(result: RunResult, tmp_path: Path) -> None:
    path = tmp_path / "a.sav"
    frame = exported(result, path, draws=2)
    _, about = pyreadstat.read_sav(str(path), user_missing=True)
    assert frame.columns.tolist() == [
        "method", "country", "country_alpha", "persona", "replicate", "draw", "weight", "simulated",
        "synthetic", *ITEMS, "Q29", "Q185",
    ]  # fmt: skip
    assert list(dict.fromkeys(frame["method"])) == METHODS
    assert set(frame["synthetic"]) == {"respondent and population"}
    assert about.file_label.startswith("Synthetic")
    assert about.variable_value_labels["Q29"][1.0] == "strongly agree"
    assert about.variable_value_labels["Q29"][-107.0] == "don't know"
    assert about.variable_value_labels["country"][1001.0] == "Nordhavia"
    assert about.missing_ranges["Q29"] == [{"lo": -110.0, "hi": -101.0}]
    assert about.variable_measure["Q29"] == "ordinal"
    assert "survey's" in " ".join(about.notes)
    personas = frame.groupby(["method", "country_alpha"])["persona"].nunique()
    np.testing.assert_allclose(frame.groupby(["method", "country_alpha"])["weight"].sum(), personas)
    for code in (29, 185):
        answered = frame.loc[frame[f"Q{code}"] > -100, f"Q{code}"]
        assert answered.between(1, 4 if code == 29 else 10).all()
    hidden, _ = pyreadstat.read_sav(str(path))  # as SPSS computes: user-missing is missing
    gone = pd.read_parquet(result.folder / "missing_answers.parquet")
    assert len(gone) > 10
    for row in gone.itertuples():
        for method in METHODS:
            if not method.startswith(row.kind):
                continue
            where = (frame["method"] == method) & (frame["country_alpha"] == row.country)
            where &= frame["persona"] == row.persona + 1
            assert (frame.loc[where, row.question] == CODES[row.reason]).all()
            assert hidden.loc[where, row.question].isna().all()
    expected = 2 * sum(len(gone[gone["kind"] == method.partition(" +")[0]]) for method in METHODS)
    assert int((frame[["Q29", "Q185"]] < -100).sum().sum()) == expected


def test_profiles_are_those_of_the_personas(result: RunResult, tmp_path: Path) -> None:
    frame = exported(result, tmp_path / "a.sav", kinds=("values-hedged",), calibrated=False)
    stored = pd.read_parquet(result.folder / "personas.parquet").query("kind == 'values-hedged'")
    np.testing.assert_array_equal(frame[ITEMS], stored[ITEMS])
    np.testing.assert_array_equal(frame["persona"], stored["persona"] + 1)
    share = stored.groupby("country")["weight"].transform(lambda w: w / w.mean())
    np.testing.assert_allclose(frame["weight"], share)
    bare = exported(result, tmp_path / "bare.sav", kinds=("values-hedged",), profiles=False)
    assert not set(ITEMS) & set(bare.columns)
    assert bare["replicate"].isna().all()


def test_stata_reads_extended_missing_values(result: RunResult, tmp_path: Path) -> None:
    path = tmp_path / "a.dta"
    export_run(result.folder, path)
    assert path.read_bytes().startswith(b"<stata_dta><header><release>118</release>")
    sav = exported(result, tmp_path / "a.sav")
    frame, about = pyreadstat.read_dta(str(path), user_missing=True)
    letters = sav["Q29"].map(lambda code: "abcdefghi"[int(-101 - code)] if code < -100 else code)
    assert frame["Q29"].tolist() == letters.tolist()
    assert {"a", "d"} & set(about.missing_user_values["Q29"])
    assert about.variable_value_labels["Q29"]["a"] == "refused"
    labelled = pd.read_stata(path)
    assert set(labelled["Q29"].dropna()) <= set(result.estimates.query("question == 'Q29'")["option"])
    assert labelled["Q29"].isna().sum() == (sav["Q29"] < -100).sum() > 0
    assert labelled["country"].iloc[0] == "Nordhavia"


def test_csv_and_parquet_leave_missing_answers_empty(result: RunResult, tmp_path: Path) -> None:
    sav = exported(result, tmp_path / "a.sav")
    for suffix in ("csv", "parquet"):
        frame = exported(result, tmp_path / f"a.{suffix}")
        known = sav["Q29"].mask(sav["Q29"] < -100)
        np.testing.assert_array_equal(frame["Q29"].astype(float), known)
    assert b",2.0," not in (tmp_path / "a.csv").read_bytes().replace(b",1.0,", b"")
    tidy = [pd.read_csv(tmp_path / "a-tidy.csv"), pd.read_parquet(tmp_path / "a-tidy.parquet")]
    assert len(tidy[0]) == len(tidy[1]) == len(sav) * (4 + 10)
    np.testing.assert_allclose(tidy[0]["probability"], tidy[1]["probability"], rtol=1e-12)


def test_draws_are_seeded_and_hang_on_nothing_else(result: RunResult, tmp_path: Path) -> None:
    first = exported(result, tmp_path / "a.sav", draws=3)
    again = exported(result, tmp_path / "b.sav", draws=3, kinds=("values-hedged",))
    kept = first[first["method"].str.startswith("values-hedged")].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, again)
    other = exported(result, tmp_path / "c.sav", draws=3, kinds=("values-hedged",), seed=1)
    assert (other["Q185"] != again["Q185"]).mean() > 0.1


def test_what_cannot_be_exported_is_refused(result: RunResult, tmp_path: Path) -> None:
    for options, said in (
        ({"kinds": ("none",)}, "no personas 'none'; it has country, values-hedged"),
        ({"kinds": ("country",), "calibrated": True}, "calibrated none of these"),
    ):
        with pytest.raises(RecipeError, match=said):
            exported(result, tmp_path / "a.sav", **options)
    for path, said in (("a.xlsx", "suffix"), ("no/a.sav", "folder does not exist")):
        with pytest.raises(StoreError, match=said):
            exported(result, tmp_path / path)
    (tmp_path / "survey.sav").write_text("precious")
    with pytest.raises(StoreError, match="--overwrite"):
        exported(result, tmp_path / "survey.sav")
    assert (tmp_path / "survey.sav").read_text() == "precious"
    exported(result, tmp_path / "survey.sav", overwrite=True)
    assert [p.name for p in tmp_path.iterdir()] == ["survey.sav"]


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        (
            "questions.json",
            None,
            "questions.json: absent; a run of an earlier version has none, run it again",
        ),
        ("questions.json", "{}", "questions.json: damaged or of another version: survey"),
        ("personas.parquet", None, "export --without-profiles"),
        ("missing_answers.parquet", "no parquet", "missing_answers: damaged"),
        ("answers-country.npz", "no npz", "not a file of stored answers"),
    ],
)
def test_a_damaged_run_is_one_line(
    result: RunResult, tmp_path: Path, file: str, content: str | None, said: str
) -> None:
    copy = damaged_copy(result, tmp_path, file, content)
    with pytest.raises(StoreError, match=said) as error:
        export_run(copy, tmp_path / "a.sav")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "a.sav").exists()


def test_questions_of_another_run_are_noticed(result: RunResult, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(result.folder, copy)
    said = json.loads((copy / "questions.json").read_text())
    said["questions"].reverse()
    (copy / "questions.json").write_text(json.dumps(said))
    with pytest.raises(StoreError, match="does not belong to the answers"):
        export_run(copy, tmp_path / "a.sav")


def test_the_command_and_a_run_out_of_mlflow(tmp_path: Path) -> None:
    run = small_run(tmp_path / "w")
    to = ["--to", str(tmp_path / "a.sav"), "--workspace", str(tmp_path / "w")]
    done = command("export", run.mlflow_run_id, *to, "--draws", "2", "--kind", "country")
    assert done.returncode == 0, done.stderr
    assert "a.sav  160 rows" in done.stdout  # 8 countries × 10 wordings × 2
    assert "licence" in done.stdout
    assert Path(done.stdout.rpartition("what each column is: ")[2].strip()).is_file()
    shutil.rmtree(run.folder)
    refused = command("export", run.mlflow_run_id, *to, "--overwrite")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1), refused.stderr
    assert "--without-profiles" in refused.stderr
    # The answers lie in the run's folder alone: MLflow keeps no second copy of them.
    gone = command("export", run.mlflow_run_id, *to, "--overwrite", "--without-profiles")
    assert (gone.returncode, gone.stderr.count("\n")) == (2, 1), gone.stderr
    assert "no stored answers there; run value-personas run first" in gone.stderr


def test_answers_of_a_survey_without_value_items_stand_under_no_licence_of_theirs(result: RunResult) -> None:
    run = read_answers(result)
    bare = replace(run, asked=run.asked.model_copy(update={"items": ()}))
    assert any("licence" in note for note in wide_sheet(run).notes)
    assert not any("licence" in note for note in wide_sheet(bare).notes)
