"""The synthetic respondent knows a person by the prompt's words alone."""

import pytest

from tests.programs.engines.synthetic.prompts import ITEMS, QUESTIONS
from value_personas.data.countries import country_name, published_map
from value_personas.data.synthetic import load_world
from value_personas.programs.engines.synthetic.lexicon import load_lexicon
from value_personas.programs.engines.synthetic.questions import option_positions, recognise_question
from value_personas.programs.engines.synthetic.reading import Statement, read_description


def only(text: str) -> Statement:
    (statement,) = read_description(text).statements
    return statement


@pytest.mark.parametrize(
    ("text", "item", "position"),
    [
        ("God matters to you completely.", "F063", 1.0),
        ("You are not at all religious.", "F063", 0.0),
        ("You do not believe that God matters very much.", "F063", pytest.approx(1 / 9)),
        ("You are deeply unhappy.", "A008", pytest.approx(8 / 9)),
        ("I feel happy, quite happy.", "A008", pytest.approx(1 / 3)),
        ("You distrust people entirely.", "A165", 1.0),
        ("You do not trust most people at all.", "A165", 1.0),
        ("You reject abortion absolutely.", "F120", 0.0),
        (
            "Order and stable prices mean a great deal to you, more than free speech.",
            "Y002",
            pytest.approx(0.2),
        ),
        ("You would not sign a petition.", "E025", pytest.approx(0.85)),
        ("You are ashamed of your nationality.", "G006", pytest.approx(0.85)),
    ],
)
def test_a_person_s_own_words_are_read_within_the_lexicon(text: str, item: str, position: float) -> None:
    statement = only(text)
    assert statement.item == item
    assert statement.position == position


@pytest.mark.parametrize(
    "text", ["", "You are an average person.", "In short, you are a deeply traditional person."]
)
def test_what_is_not_recognised_is_passed_over(text: str) -> None:
    assert read_description(text).statements == ()


def test_the_order_of_lines_changes_nothing_but_their_order() -> None:
    lines = [
        "God matters to you fully.",
        "You trust most people hardly at all.",
        "You accept abortion moderately.",
    ]
    forward, backward = ("\n".join(order) for order in (lines, lines[::-1]))
    assert read_description(forward).statements == read_description(backward).statements[::-1]


def test_a_hedge_covers_its_own_line_and_a_line_of_its_own_covers_all_before() -> None:
    first, second = "God matters to you fully.", "You trust most people fully."
    own_line = read_description(f"{first} This says nothing about your other opinions.\n{second}").statements
    assert [s.hedged for s in own_line] == [True, False]
    closing = read_description(f"{first}\n{second}\nNothing else about you follows from this.").statements
    assert [s.hedged for s in closing] == [True, True]


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("You are a person, born in Qasmira and living in Qasmira.", "qasmira"),
        ("You are from the United States.", "united states"),
        ("You live in Northern Ireland.", "northern ireland"),
        ("Your name is Georgia.", None),
        ("You live in Atlantis.", None),
    ],
)
def test_a_country_is_one_that_somebody_is_in_or_from(text: str, country: str | None) -> None:
    assert read_description(text).country == country


def test_every_invented_country_is_known() -> None:
    for home in load_world().countries.values():
        assert load_lexicon().places[home.name.casefold()] == home.place


def test_every_country_of_the_published_map_is_known_by_its_usual_name() -> None:
    for alpha3, point in published_map().items():
        name = country_name(alpha3)
        assert name is not None
        assert {name.casefold(), point.country.casefold()} <= load_lexicon().places.keys()


@pytest.mark.parametrize("code", [*QUESTIONS, *ITEMS])
def test_every_question_is_recognised_by_its_wording(code: str) -> None:
    text = (QUESTIONS.get(code) or ITEMS[code]).text
    belief = recognise_question(text)
    assert belief is not None
    assert belief.code == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Do you agree that men make better business executives?", "Q31"),
        ("In your view, can divorce ever be justified?", "Q185"),
        ("Generally speaking, can most people be trusted?", "A165"),
        ("How much confidence do you have in the police?", "Q69"),
        ("What is your favourite colour?", None),
    ],
)
def test_other_wordings_of_a_question_are_recognised_too(text: str, code: str | None) -> None:
    belief = recognise_question(text)
    assert (belief.code if belief else None) == code


@pytest.mark.parametrize("code", [*QUESTIONS, *ITEMS])
def test_options_stand_where_their_words_say_in_whatever_order_they_are_listed(code: str) -> None:
    known = QUESTIONS.get(code) or ITEMS[code]
    belief, k = recognise_question(known.text), len(known.scale)
    assert belief is not None
    order = [*range(k // 2, k), *range(k // 2)][::-1]
    positions = option_positions(tuple(known.scale.labels[i] for i in order), belief.scale)
    assert positions == pytest.approx([i / (k - 1) for i in order])


def test_numbers_keep_their_distances_where_a_country_was_shown_fewer_points() -> None:
    labels = ("1 – never justifiable", "3", "5", "8", "10 – always justifiable")
    assert option_positions(labels, "justifiable_10") == pytest.approx([0, 2 / 9, 4 / 9, 7 / 9, 1])


def test_a_numbered_scale_is_turned_round_by_the_words_at_its_ends() -> None:
    labels = ("1 – always justifiable", *map(str, range(2, 10)), "10 – never justifiable")
    assert option_positions(labels, "justifiable_10") == pytest.approx([1 - i / 9 for i in range(10)])


def test_options_of_another_scale_are_placed_by_what_rises() -> None:
    agree = ("1 – completely disagree", "2", "3", "4 – completely agree")
    assert option_positions(agree, "agreement_4") == pytest.approx(
        [1, 2 / 3, 1 / 3, 0]
    )  # code 1 is agreement


def test_the_scale_of_an_unknown_question_is_told_by_its_labels_else_by_their_order() -> None:
    assert option_positions(("very bad", "fairly bad", "fairly good", "very good"), None) == pytest.approx(
        [1, 2 / 3, 1 / 3, 0]
    )
    assert option_positions(("red", "green", "blue"), None) == (0.0, 0.5, 1.0)


def test_naive_directions_are_those_of_the_instrument() -> None:
    for code, item in ITEMS.items():
        assert load_lexicon().items[code].modern == item.sign
