import numpy as np
import pytest

from tests.builders import (
    AGREE,
    TEN,
    page,
    question,
    voted,
)
from value_personas.programs.elicitation import FirstTokenLogprobs, average, forms_of
from value_personas.signatures import Answer, MissingAnswer, MissingReason


def test_variants_of_a_letter_are_summed_and_renormalised() -> None:
    reply = voted(A=0.3, _A=0.1, a=0.05, B=0.25, C=0.1, D=0.1, The=0.06)
    answer = FirstTokenLogprobs().read(page(), [reply])
    assert isinstance(answer, Answer)
    np.testing.assert_allclose(answer.probabilities, np.array([0.45, 0.25, 0.1, 0.1]) / 0.9, rtol=1e-12)
    assert answer.label_mass == pytest.approx(0.9)


def test_letters_follow_the_page_not_the_scale() -> None:
    answer = FirstTokenLogprobs().read(page(order=(3, 2, 1, 0)), [voted(A=0.7, B=0.1, C=0.1, D=0.1)])
    assert isinstance(answer, Answer)
    np.testing.assert_allclose(answer.probabilities, [0.1, 0.1, 0.1, 0.7])


def test_a_digit_never_counts_for_an_option() -> None:
    answer = FirstTokenLogprobs(min_label_mass=0.0).read(
        page(TEN), [voted(**{"1": 0.9, "A": 0.05, "J": 0.05})]
    )
    assert isinstance(answer, Answer)
    np.testing.assert_allclose(answer.probabilities[[0, 9]], [0.5, 0.5])


def test_low_label_mass_is_missing() -> None:
    answer = FirstTokenLogprobs(min_label_mass=0.5).read(page(), [voted(I=0.6, A=0.2, B=0.1, C=0.05, D=0.05)])
    assert isinstance(answer, MissingAnswer)
    assert answer.reason is MissingReason.LOW_LABEL_MASS
    assert "0.400" in answer.detail


def test_no_mass_at_all_is_missing_even_without_a_limit() -> None:
    answer = FirstTokenLogprobs(min_label_mass=0.0).read(page(), [voted(I=0.9, The=0.1)])
    assert isinstance(answer, MissingAnswer)


def test_alternatives_cut_off_too_early_are_missing_not_zero() -> None:
    answer = FirstTokenLogprobs().read(page(), [voted(A=0.5, B=0.2)])
    assert isinstance(answer, MissingAnswer)
    assert answer.reason is MissingReason.TRUNCATED


def test_an_unreported_letter_that_can_hide_nothing_is_zero() -> None:
    answer = FirstTokenLogprobs().read(page(), [voted(A=0.6, B=0.4)])
    assert isinstance(answer, Answer)
    assert answer.log_probabilities[2] == -np.inf


def test_both_orders_are_averaged_as_probabilities() -> None:
    way = FirstTokenLogprobs()
    forward, backward = forms_of(question(scale=AGREE), "both")
    answers = [
        way.read(forward, [voted(A=0.6, B=0.2, C=0.1, D=0.1)]),
        way.read(backward, [voted(A=0.4, B=0.3, C=0.2, D=0.1)]),
    ]
    answer = average(answers)
    assert isinstance(answer, Answer)
    np.testing.assert_allclose(answer.probabilities, [0.35, 0.2, 0.2, 0.25], rtol=1e-12)


def test_one_missing_form_makes_the_answer_missing() -> None:
    lost = MissingAnswer(MissingReason.TIMEOUT)
    given = FirstTokenLogprobs().read(page(), [voted(A=0.6, B=0.4)])
    assert average([given, lost]) is lost


def test_rotated_pages_start_at_another_option_for_each_persona() -> None:
    starts = [forms_of(question(scale=AGREE), "rotated", turn)[0].order[0] for turn in range(5)]
    assert starts == [0, 1, 2, 3, 0]
