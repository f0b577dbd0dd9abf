"""What a stored value means: a scale point, or one kind of missing answer, never both."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from value_personas.data.codebooks.file import ScaleEntry
from value_personas.data.codebooks.missing import MISSING_KINDS, code_of_kind, kind_from_words
from value_personas.data.codebooks.scales import stored_scale
from value_personas.data.survey.decoding import decode
from value_personas.data.survey.labels import ColumnFacts, meanings_of

AGREE = stored_scale(
    ScaleEntry(labels=["agree", "neither", "disagree"], codes=[1, 2, 3], also=[["yes"], [], ["no"]]), "test"
)
AUTONOMY = stored_scale(ScaleEntry(labels=["a", "b", "c", "d", "e"], codes=[-2, -1, 0, 1, 2]), "test")
WVS = {-1.0: "dont_know", -2.0: "no_answer", -5.0: "other_missing"}


def kinds(values: list[object], facts: ColumnFacts | None = None, **options: object) -> list[object]:
    coded = decode(pd.Series(values, dtype=object), meanings_of(AGREE), WVS, facts or ColumnFacts())[0]
    return [int(k) if k >= 0 else MISSING_KINDS[-1 - k] for k in coded]


def test_each_way_of_not_answering_keeps_its_name() -> None:
    facts = ColumnFacts({88.0: "Refused", "a": "Not asked", 7.0: "Other"}, ((90.0, 99.0), ("b", "b")))
    values = [
        1,
        2.0,
        "3",
        -1,
        -2,
        -5,
        88,
        95,
        7,
        1.5,
        float("nan"),
        None,
        "a",
        "b",
        "who knows",
        "Don´t know",
        "",
    ]
    assert kinds(values, facts) == [
        0,
        1,
        2,
        "dont_know",
        "no_answer",
        "other_missing",
        "refused",
        "declared_missing",
        "off_scale",
        "off_scale",
        "system_missing",
        "system_missing",
        "not_asked",
        "declared_missing",
        "unreadable",
        "dont_know",
        "system_missing",
    ]


@pytest.mark.parametrize(
    "text", ["Agree", " agree ", "AGREE.", "yes", "1", "1.0", "1. agree", "1 – agree", "1 = agree"]
)
def test_texts_that_mean_the_first_option(text: str) -> None:
    assert kinds([text]) == [0]


def test_a_declared_missing_code_is_missing_even_on_the_scale() -> None:
    assert kinds([3, 2], ColumnFacts(missing=((3.0, 3.0),))) == ["declared_missing", 1]


def test_negative_answers_survive_the_blanket_range_of_a_file() -> None:
    facts = ColumnFacts(missing=((-99.0, -1.0),))
    values = pd.Series([-2.0, -1.0, 0.0, 2.0, -5.0, -3.0])
    coded = decode(values, meanings_of(AUTONOMY), {-5.0: "other_missing"}, facts)[0]
    assert coded[:4].tolist() == [0, 1, 2, 4]
    assert coded[4] == code_of_kind("other_missing")
    assert coded[5] == code_of_kind("declared_missing")


def test_a_text_with_a_number_is_read_by_its_words() -> None:
    assert kinds(["[1] disagree", "[2] neither", "[3] agree"]) == [2, 1, 0]
    assert kinds(["1. agree", "[-1] Don't know"]) == [0, "dont_know"]


def test_a_letter_is_read_by_its_label() -> None:
    assert kinds(["A", "B", "A"], ColumnFacts({"A": "Agree", "B": "Disagree"})) == [0, 2, 0]


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("Don´t know", "dont_know"),
        ("No answer/refused", "refused"),
        ("Not asked in survey", "not_asked"),
        ("Missing; Unknown", "other_missing"),
        ("Not applicable", "not_applicable"),
        ("Nowhere", None),
        ("Don't know whether there is a God", None),
        ("Not at all", None),
        ("Refused to join a strike", None),
        ("I refuse", "refused"),
        ("I refuse to join a strike", None),
        ("Prefer not to say", "refused"),
        ("I'd rather not answer.", "refused"),
        ("Prefer not to work", None),
        ("No", None),
        ("NAP, never had a job", "not_applicable"),
        ("NAV, Great Britain", "other_missing"),
        ("NA", "no_answer"),
        ("No sabe", "dont_know"),
        ("NS/NR", "dont_know"),
        ("No responde", "no_answer"),
        ("No aplica", "not_applicable"),
        ("Não sabe", "dont_know"),
        ("Não respondeu", "no_answer"),
        ("Weiß nicht", "dont_know"),
        ("KEINE ANGABE", "no_answer"),
        ("TNZ: keine Kinder", "not_applicable"),
        ("Ne sait pas", "dont_know"),
        ("Sans réponse", "no_answer"),
        ("Non sa", "dont_know"),
        ("Weet niet", "dont_know"),
        ("[-1] Don't know", "dont_know"),
    ],
)
def test_words_for_missing_answers(label: str, kind: str | None) -> None:
    assert kind_from_words(label) == kind


@given(
    st.lists(st.one_of(st.none(), st.integers(-200, 200), st.floats(), st.text(max_size=6), st.booleans()))
)
def test_any_column_decodes_to_positions_or_kinds(values: list[object]) -> None:
    facts = ColumnFacts({-1.0: "dk"}, ((-9.0, -1.0), ("a", "z")))
    coded = decode(pd.Series(values, dtype=object), meanings_of(AGREE), WVS, facts)[0]
    assert coded.shape == (len(values),)
    assert coded.dtype == np.int8
    assert ((coded >= -len(MISSING_KINDS)) & (coded < 3)).all()


@given(
    st.lists(
        st.one_of(st.integers(-130, 130).map(float), st.just(float("nan")), st.floats(-3, 300)), max_size=30
    )
)
def test_the_look_up_and_the_general_way_agree(values: list[float]) -> None:
    facts = ColumnFacts({-1.0: "dk", 100.0: "refused"}, ((-9.0, -1.0),))
    fast = decode(pd.Series(values, dtype="float64"), meanings_of(AGREE), WVS, facts)[0]
    general = decode(pd.Series(values, dtype=object), meanings_of(AGREE), WVS, facts)[0]
    np.testing.assert_array_equal(fast, general)
