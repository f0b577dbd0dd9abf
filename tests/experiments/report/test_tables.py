"""Tables of the report that no small run makes."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.experiments.evaluation.test_contamination import KIND, table
from value_personas import load_recipe
from value_personas.experiments.evaluation.contamination import contamination
from value_personas.experiments.report.citations import citations
from value_personas.experiments.report.tables import contamination_table
from value_personas.experiments.scoring.digits import three_digits


def material(*kinds: str) -> Any:
    recipe = load_recipe("quickstart")
    run = SimpleNamespace(
        estimates=table(told=0.6), recipe=recipe, synthetic=("population", "respondent"), measures=()
    )
    return SimpleNamespace(run=run, kinds=kinds, positions=None, countries=("C0", "C1"))


def test_forecasts_stand_beside_their_own_country_s_shares_and_others() -> None:
    found = contamination_table(material(KIND, "none"))
    assert found is not None
    (row,) = found.rows
    (told,) = contamination(table(told=0.6), [KIND], 0.95).to_dict("records")
    assert row[:3] == (KIND, three_digits(told["own"]), three_digits(told["others"]))
    assert row[-1] == "8"
    assert contamination_table(material("none", "country")) is None


@pytest.mark.parametrize(("kind", "cited"), [(KIND, True), ("values-hedged", False)])
def test_who_found_direct_questions_better_is_cited_where_they_are_asked(kind: str, cited: bool) -> None:
    texts = [one.text for one in citations(material(kind))]
    for number in ("2609.07305", "2603.20229"):
        assert (f"arXiv {number}." in texts) == cited
