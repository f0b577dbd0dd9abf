import json

import numpy as np
import pytest

from tests.builders import page, said
from value_personas.programs.elicitation import Form, VerbalisedDistribution
from value_personas.signatures import Answer, MissingAnswer, MissingReason


def stated(value: object) -> str:
    return f"[[ ## probabilities ## ]]\n{json.dumps(value)}\n\n[[ ## completed ## ]]"


def read(value: object, form: Form | None = None) -> Answer | MissingAnswer:
    return VerbalisedDistribution().read(form or page(), [said(stated(value))])


@pytest.mark.parametrize(
    "value",
    [
        {"A": 0.4, "B": 0.3, "C": 0.2, "D": 0.1},
        {"A": 40, "B": 30, "C": 20, "D": 10},
        {"a": 0.4, " B": 0.3, "C": 0.2, "D": 0.1},
        {"A": 0.38, "B": 0.285, "C": 0.19, "D": 0.095},
        {"A": 42, "B": 31.5, "C": 21, "D": 10.5},
    ],
)
def test_probabilities_and_percentages_are_normalised(value: dict[str, float]) -> None:
    answer = read(value)
    assert isinstance(answer, Answer)
    np.testing.assert_allclose(answer.probabilities, [0.4, 0.3, 0.2, 0.1], rtol=1e-12)


@pytest.mark.parametrize(
    ("value", "normalised"),
    [
        ({"A": 0.4, "B": 0.3, "C": 0.2, "D": 0.1}, False),
        ({"A": 0.1, "B": 0.2, "C": 0.3, "D": 0.4}, False),  # 0.1 + 0.2 + … is not 1 in binary
        ({"A": 0.4, "B": 0.3, "C": 0.2, "D": 0.15}, True),
        ({"A": 40, "B": 30, "C": 20, "D": 10}, True),
    ],
)
def test_what_was_scaled_is_noted(value: dict[str, float], normalised: bool) -> None:
    answer = read(value)
    assert isinstance(answer, Answer)
    assert answer.normalised is normalised


@pytest.mark.parametrize(
    "value",
    [
        {"A": 0.5, "B": 0.2},
        {"A": 0.8, "B": 0.8},
        {"A": 1.2, "B": -0.2},
        {"A": 0.5, "B": 0.3, "E": 0.2},
        {"A": 0.5, "a": 0.5},
        {"A": 4, "B": 3, "C": 2, "D": 1},
        {},
        [0.4, 0.3, 0.2, 0.1],
        "mostly A",
    ],
)
def test_what_is_no_distribution_is_missing(value: object) -> None:
    answer = read(value)
    assert isinstance(answer, MissingAnswer)
    assert answer.reason is MissingReason.UNPARSEABLE


def test_an_empty_reply_is_empty() -> None:
    answer = VerbalisedDistribution().read(page(), [said("")])
    assert isinstance(answer, MissingAnswer)
    assert answer.reason is MissingReason.EMPTY


def test_a_letter_left_out_has_no_probability_and_order_follows_the_page() -> None:
    answer = read({"A": 0.7, "D": 0.3}, page(order=(3, 2, 1, 0)))
    assert isinstance(answer, Answer)
    np.testing.assert_allclose(answer.probabilities, [0.3, 0.0, 0.0, 0.7])


def test_dont_know_is_set_apart() -> None:
    form = Form(page().question, (0, 1, 2, 3), offers_dont_know=True)
    answer = read({"A": 0.3, "B": 0.3, "C": 0.1, "D": 0.1, "E": 0.2}, form)
    assert isinstance(answer, Answer)
    np.testing.assert_allclose(answer.probabilities, [0.375, 0.375, 0.125, 0.125])
    assert answer.dont_know == pytest.approx(0.2)
