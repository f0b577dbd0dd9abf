"""Text of unknown origin, shown on one line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from value_personas.data.formats.plain_text import one_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Nordhavia", "Nordhavia"),
        ("a\n b\tc ", "a b c"),
        ("\x1b[31mred", "[31mred"),
        ("\u202eabc", "abc"),
        ("Côte d’Ivoire 中国", "Côte d’Ivoire 中国"),
        ("abcdefghijkl", "abcdefghi…"),
    ],
)
def test_examples(text: str, shown: str) -> None:
    assert one_line(text, 10 if text.startswith("abcdef") else 40) == shown


@given(st.text(max_size=300), st.integers(5, 50))
def test_it_is_printable_short_and_settled(text: str, longest: int) -> None:
    shown = one_line(text, longest)
    assert shown.isprintable()
    assert len(shown) <= longest
    assert one_line(shown, longest) == shown
