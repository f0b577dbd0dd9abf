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
from value_personas.signatures import Answer, MissingAnswer, MissingReason, RecipeError, Scale


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
        page(TEN), [voted(**{"1": 0.9, "A": 0.05, "K": 0.05})]
    )
    assert isinstance(answer, Answer)
    np.testing.assert_allclose(answer.probabilities[[0, 9]], [0.5, 0.5])


def test_the_pronoun_is_no_option_and_letters_off_the_page_are_stray() -> None:
    reply = voted(A=0.5, K=0.3, I=0.07, _i=0.01, O=0.02, L=0.04, The=0.06)
    answer = FirstTokenLogprobs().read(page(TEN), [reply])
    assert isinstance(answer, Answer)
    np.testing.assert_allclose(answer.probabilities[[0, 8, 9]], [0.625, 0.0, 0.375], atol=1e-12)
    assert answer.label_mass == pytest.approx(0.8)
    assert answer.stray_mass == pytest.approx(0.14)
    assert page(TEN).letters == "ABCDEFGHJK"


def test_a_page_of_eight_options_is_as_it_always_was() -> None:
    eight = Scale(tuple(f"option {n}" for n in range(8)), tuple(map(float, range(8))))
    assert page(eight).options.splitlines()[-1] == "H. option 7"


def test_more_options_than_letters_are_refused_by_the_question_s_name() -> None:
    many = [Scale(tuple(f"option {n}" for n in range(k)), tuple(map(float, range(k)))) for k in (24, 25)]
    assert page(many[0]).letters[-1] == "Z"
    with pytest.raises(
        RecipeError, match=r"question Q29: 25 options, and a page has letters for 24; leave it"
    ):
        forms_of(question(scale=many[1]), "forward")
    with pytest.raises(RecipeError, match="letters for 23 beside an offered don't know"):
        forms_of(question(scale=many[0]), "forward", offers_dont_know=True)


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


def test_a_balanced_page_is_turned_round_for_one_of_every_two_personas() -> None:
    turned = [
        [forms_of(question(code), "balanced", turn)[0].order == (3, 2, 1, 0) for turn in range(400)]
        for code in ("Q1", "Q2")
    ]
    assert all(a != b for row in turned for a, b in zip(row[::2], row[1::2], strict=True))
    firsts = [sum(row[::2]) for row in turned]  # a fair coin a question and pair
    assert all(80 < n < 120 for n in firsts)
    assert 80 < sum(a == b for a, b in zip(turned[0][::2], turned[1][::2], strict=True)) < 120
