import numpy as np

from tests.builders import page, said
from value_personas.programs.elicitation import Form, SampledAnswers
from value_personas.signatures import Answer, MissingAnswer, MissingReason


def test_shares_of_the_draws_that_chose() -> None:
    replies = [said(text) for text in ("A", "A", "B", "I'm sorry, I cannot answer", "D")]
    answer = SampledAnswers(draws=5).read(page(), replies)
    assert isinstance(answer, Answer)
    np.testing.assert_allclose(answer.probabilities, [0.5, 0.25, 0.0, 0.25])
    assert answer.samples == 4
    assert answer.label_mass == 0.8


def test_mostly_refused_is_missing_for_that_reason() -> None:
    replies = [said(text) for text in ("A", "I'm sorry, I cannot", "I cannot say", "¿Qué?")]
    answer = SampledAnswers(draws=4).read(page(), replies)
    assert isinstance(answer, MissingAnswer)
    assert answer.reason is MissingReason.REFUSED


def test_draws_are_set_apart_by_their_seed() -> None:
    way = SampledAnswers(draws=3)
    assert [way.config(draw).seed for draw in range(3)] == [0, 1, 2]


def test_an_offered_dont_know_is_counted_apart() -> None:
    form = Form(page().question, (0, 1, 2, 3), offers_dont_know=True)
    replies = [said(text) for text in ("A", "E", "I don't know", "E. don't know", "B", "B")]
    answer = SampledAnswers(draws=6).read(form, replies)
    assert isinstance(answer, Answer)
    np.testing.assert_allclose(answer.probabilities, [1 / 3, 2 / 3, 0, 0])
    assert answer.dont_know == 0.5
    assert answer.label_mass == 1.0


def test_a_dont_know_that_was_not_offered_is_no_answer() -> None:
    answer = SampledAnswers(draws=2).read(page(), [said("I don't know"), said("don't know")])
    assert isinstance(answer, MissingAnswer)
    assert answer.reason is MissingReason.UNPARSEABLE
