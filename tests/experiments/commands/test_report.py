"""The options of ``report``."""

import pytest
import typer

from value_personas.experiments.commands.report import inches


@pytest.mark.parametrize(
    ("text", "found"),
    [("3.5in", 3.5), ("7", 7.0), (" 89 mm ", 89 / 25.4), ("18cm", 18 / 2.54)],
)
def test_lengths_are_read_with_their_unit(text: str, found: float) -> None:
    assert inches(text) == pytest.approx(found)


@pytest.mark.parametrize("text", ["", "wide", "-3in", "2in", "90in", "3.5 pt", "1e9", "nanin"])
def test_other_lengths_are_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"a length from 3in to 14in, like 3\.5in or 89mm"):
        inches(text)
