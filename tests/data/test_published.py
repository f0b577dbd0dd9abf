"""Published distributions have the face of a survey."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from value_personas.data import load_codebook, read_distributions
from value_personas.data.countries import country_alpha3
from value_personas.signatures import SurveyError


def table() -> pd.DataFrame:
    rows = [
        ("Macao SAR", "Q29", letter, pct)
        for letter, pct in zip("ABCD", (10.0, 20.0, 30.0, 40.0), strict=True)
    ]
    return pd.DataFrame([*rows, ("Germany", "Q57", "A", 100.0)], columns=["country", "qid", "opt", "pct"])


def test_shares_in_the_order_of_the_options(tmp_path: Path) -> None:
    table().sample(frac=1, random_state=1).to_parquet(tmp_path / "d.parquet")
    published = read_distributions(tmp_path / "d.parquet")
    assert published.countries == ("MAC",)
    assert [question.code for question in published.questions] == ["Q29"]  # Q57 is an item, no target
    np.testing.assert_allclose(published.distribution("Q29", "MAC"), [0.1, 0.2, 0.3, 0.4])
    with pytest.raises(SurveyError, match="no answers to Q29 in DEU"):
        published.distribution("Q29", "DEU")


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("opt", "E", "none of the 4"),
        ("pct", 50.0, "sum to"),
        ("pct", -10.0, "none of"),
        ("country", "Atlantis", "unknown"),
    ],
)
def test_bad_tables_are_refused(column: str, value: object, message: str, tmp_path: Path) -> None:
    spoilt = table()
    spoilt.loc[0, column] = value
    spoilt.to_parquet(tmp_path / "d.parquet")
    with pytest.raises(SurveyError, match=message):
        read_distributions(tmp_path / "d.parquet")
    table().drop(columns="pct").to_parquet(tmp_path / "e.parquet")
    with pytest.raises(SurveyError, match="no column 'pct'"):
        read_distributions(tmp_path / "e.parquet")


@pytest.mark.shared
def test_the_published_wave_7(shared_dir: Path) -> None:
    published = read_distributions(shared_dir / "surveys" / "wvs7_country_distributions.parquet")
    assert len(published.countries) == 46
    assert len(published.questions) == 55
    raw = pd.read_parquet(shared_dir / "surveys" / "wvs7_country_distributions.parquet")
    cells = 0
    for code in (question.code for question in published.questions):
        part = raw[raw["qid"] == code]
        for name, rows in part.groupby("country"):
            known = country_alpha3(name)
            assert known is not None
            options = "ABCDEFGHIJ"[: len(published.question(code).scale)]
            shares = rows.set_index("opt")["pct"].reindex(list(options), fill_value=0.0).to_numpy()
            np.testing.assert_allclose(
                published.distribution(code, known), shares / shares.sum(), rtol=0, atol=1e-12
            )
            cells += 1
    targets = raw[raw["qid"].isin(list(load_codebook("wvs7").questions))]
    assert cells == targets.groupby(["qid", "country"]).ngroups
    assert cells > 2000
