import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import AGREE, TEN, page
from value_personas.programs.elicitation import Form, parse_reply
from value_personas.signatures import MissingAnswer, MissingReason, Scale

GOOD_BAD = Scale(("very good", "good", "bad", "very bad"), (1.0, 2.0, 3.0, 4.0))


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("B", 1),
        ("b", 1),
        (" (C) ", 2),
        ("**D**", 3),
        ("A.", 0),
        ("B. agree", 1),
        ("B) agree, because I was brought up that way", 1),
        ("Answer: C", 2),
        ("My answer is B.", 1),
        ("I would choose option D", 3),
        ("strongly agree", 0),
        ("I strongly disagree with that.", 3),
        ("I disagree", 2),
        ('{"answer": "C"}', 2),
        ('```json\n{"answer": "strongly agree"}\n```', 0),
        ("<think>Perhaps A? No, they would say B.</think>\nC", 2),
        ("<reflection>Perhaps A? No, they would say B.</reflection>\nC", 2),
        ("[THINK]Perhaps A? They would say B.[/THINK]C", 2),
        ("C <think>Perhaps A?</think>", 2),
        ("B\n\nBecause I was brought up that way.", 1),
        ("B, agree", 1),
        ("strongly-agree", 0),
        ("I disagree strongly with this.", 3),
        ("Agree strongly", 0),
        ('{"answer": "B", "reason": "many strongly agree"}', 1),
        ('["B"]', 1),
    ],
)
def test_a_choice_is_found(text: str, position: int) -> None:
    assert parse_reply(text, page(AGREE)) == position


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("7", 7),
        ("7/10", 7),
        ("I'd say 3 out of 10.", 3),
        ("10", 10),
        ("G", 7),
        ("8.", 8),
        ("never justifiable", 1),
        ("On a scale from 1 to 10, I'd say 4", 4),
        ("My answer is 7 on a scale of 1 to 10", 7),
        ("I, personally, say 7", 7),
    ],
)
def test_numbers_on_a_numeric_scale(text: str, score: int) -> None:
    assert parse_reply(text, page(TEN)) == score - 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", MissingReason.EMPTY),
        ("   \n", MissingReason.EMPTY),
        ("<think>A or B, I wonder", MissingReason.EMPTY),
        ("As an AI language model, I do not hold personal opinions.", MissingReason.REFUSED),
        ("I'm sorry, but I can't answer that.", MissingReason.REFUSED),
        ("I’d prefer not to say", MissingReason.REFUSED),
        ("agree or disagree", MissingReason.UNPARSEABLE),
        ("A or B", MissingReason.UNPARSEABLE),
        ("Z", MissingReason.UNPARSEABLE),
        ("No estoy seguro", MissingReason.UNPARSEABLE),
        ("I do not agree", MissingReason.UNPARSEABLE),
        ("A. strongly disagree", MissingReason.UNPARSEABLE),
        ("A, B", MissingReason.UNPARSEABLE),
        ("A) or B", MissingReason.UNPARSEABLE),
        ("I would not choose A", MissingReason.UNPARSEABLE),
        ("I rule out option A", MissingReason.UNPARSEABLE),
        ("The option A lot of people take", MissingReason.UNPARSEABLE),
        ("B\n\nBecause I disagree with it", MissingReason.UNPARSEABLE),
        ("Disagree, strongly", MissingReason.UNPARSEABLE),
        ("I do not think that I could agree", MissingReason.UNPARSEABLE),
        ("I don’t agree", MissingReason.UNPARSEABLE),
        ("I don't know, maybe agree", MissingReason.UNPARSEABLE),
        ('{"answer": null, "reason": "I agree"}', MissingReason.UNPARSEABLE),
        ('{"a": "A", "b": "B"}', MissingReason.UNPARSEABLE),
    ],
)
def test_what_is_no_answer_stays_none(text: str, reason: MissingReason) -> None:
    outcome = parse_reply(text, page(AGREE))
    assert isinstance(outcome, MissingAnswer)
    assert outcome.reason is reason


@pytest.mark.parametrize(
    "text",
    [
        *("11", "0", "7/5", "between 3 and 4", "-2", "3.5", "8%", "1e1", "2nd", "7-8", "{}"),
        *(
            "not 7",
            "less than 7",
            "at least 7",
            "My choice I made",
            "A, as I see it",
            "G. 8",
            "scale of 1 to 10",
        ),
    ],
)
def test_numbers_off_the_scale_or_between_are_no_answer(text: str) -> None:
    assert isinstance(parse_reply(text, page(TEN)), MissingAnswer)


def test_a_longer_label_hides_the_shorter_one_within_it() -> None:
    assert parse_reply("very good", page(GOOD_BAD)) == 0


@pytest.mark.parametrize("text", ["no idea", "I know no answer", "yes and no", "not yes"])
def test_no_is_a_word_before_it_is_an_option(text: str) -> None:
    form = page(Scale(("Yes", "No"), (1.0, 0.0)))
    assert isinstance(parse_reply(text, form), MissingAnswer)
    assert parse_reply("No, not really.", form) == 1


def test_letters_follow_the_page() -> None:
    assert parse_reply("A", Form(page().question, (3, 2, 1, 0))) == 3


def test_a_reply_without_end_is_not_read() -> None:
    outcome = parse_reply("agree " * 1_000_000, page(AGREE))
    assert isinstance(outcome, MissingAnswer)
    assert len(outcome.detail) <= 200


@given(st.text(max_size=200))
def test_no_text_breaks_the_parser(text: str) -> None:
    outcome = parse_reply(text, page(AGREE))
    assert isinstance(outcome, MissingAnswer) or 0 <= outcome < 4
