import numpy as np

from programs.elicitation import SampledAnswers
from signatures import Answer, MissingAnswer, MissingReason
from tests.builders import page, said


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
