from dataclasses import replace

import pytest

from tests.builders import question
from value_personas.experiments.fieldwork.leaks import Carried, find_leaks

GOD = Carried("F063", frozenset({"F063", "Q164"}), frozenset({"faith"}))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (question("Q164"), "Q164 is F063 or a component of it"),
        (question("q164"), "q164 is F063 or a component of it"),
        (replace(question("V152"), ivs="F063"), "V152 is F063 or a component of it"),
        (replace(question("Q165"), battery="faith"), "Q165 is of the same battery as F063 (faith)"),
    ],
)
def test_a_carried_item_is_found_under_every_name(asked, found) -> None:  # type: ignore[no-untyped-def]
    assert find_leaks([GOD], [question("Q29"), asked]) == (found,)


def test_other_questions_are_no_leak() -> None:
    asked = [question("Q16"), replace(question("Q29"), battery="gender", ivs="D059")]
    assert find_leaks([GOD], asked) == ()
    assert find_leaks([], asked) == ()
