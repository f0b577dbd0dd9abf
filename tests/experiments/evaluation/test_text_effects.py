import numpy as np
import pytest

from tests.builders import question
from value_personas.experiments.evaluation.text_effects import text_effect
from value_personas.programs.panel_result import PanelResult
from value_personas.signatures import Persona, Scale

YES_NO = Scale(("no", "yes"), (0.0, 1.0))


def panel(p_yes: list[float], texts: int) -> PanelResult:
    """Persons of equal weight, several texts each; NaN for a missing answer."""
    persons = len(p_yes) // texts
    personas = tuple(
        Persona("values", f"{i}", 1 / len(p_yes), "XNA", replicate=i % texts) for i in range(persons * texts)
    )
    p = np.array(p_yes)
    with np.errstate(divide="ignore"):
        log_p = np.log(np.stack([1 - p, p], axis=1))[:, None, :]
    missing = np.where(np.isnan(p), 0, -1).astype(np.int8)[:, None]
    ones, unknown = np.ones((len(p), 1)), np.full(1, np.nan)
    return PanelResult(personas, (question(scale=YES_NO),), log_p, ones, 0 * ones, missing, unknown, unknown)


def test_one_text_a_person_tells_of_no_effect() -> None:
    assert text_effect(panel([0.1, 0.9], texts=1)) is None


def test_the_effect_of_two_texts() -> None:
    effect = text_effect(panel([0.1, 0.3, 0.5, 0.9], texts=2))
    assert effect is not None
    assert effect.texts == 2
    assert effect.answers == pytest.approx((0.2 + 0.4) / 2)
    assert effect.means == pytest.approx(np.std([0.3, 0.6], ddof=1))


def test_every_pair_of_three_texts_counts() -> None:
    effect = text_effect(panel([0.0, 0.5, 1.0], texts=3))
    assert effect is not None
    assert effect.answers == pytest.approx((0.5 + 1.0 + 0.5) / 3)


def test_a_missing_answer_is_left_out_of_its_pair() -> None:
    effect = text_effect(panel([0.1, 0.3, np.nan, 0.9], texts=2), max_missing=0.6)
    assert effect is not None
    assert effect.answers == pytest.approx(0.2)
    assert effect.means == pytest.approx(np.std([0.1, 0.6], ddof=1))
