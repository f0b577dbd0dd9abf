"""Recovery and spill-over against numbers worked out by hand."""

import asyncio

import numpy as np
import pytest
from dspy.lm15 import Request

from tests.fake_engines import RuleEngine
from value_personas.programs.audit import (
    Judged,
    Statement,
    descriptor_statements,
    judge_statements,
    movement_matrix,
    off_diagonal_mean,
    verbatim_statements,
)
from value_personas.programs.descriptor_writer import Descriptor, DescriptorTable
from value_personas.programs.elicitation import ElicitationSettings
from value_personas.programs.engines import InProcess
from value_personas.programs.engines.model import Model
from value_personas.signatures import Scale, ValueItem

A = ValueItem("A", "Whether apples are good", Scale(("no", "some", "yes"), (1.0, 2.0, 3.0)))
B = ValueItem("B", "Whether bread is good", Scale(("low", "high"), (10.0, 0.0)))
STATEMENTS = (
    Statement("A", 1.0, 0, "a1"),
    Statement("A", 2.0, 0, "a2"),
    Statement("A", 3.0, 0, "a3"),
    Statement("A", 3.0, 1, "a3 again"),
    Statement("B", 10.0, 0, "b10"),
    Statement("B", 0.0, 0, "b0"),
)


def judged() -> Judged:
    nan = np.nan
    on_a = [[1, 0, 0], [0.25, 0.5, 0.25], [0, 0, 1], [0, 0.5, 0.5], [0.5, 0, 0.5], [nan] * 3]
    on_b = [[1, 0], [0.5, 0.5], [0, 1], [0.5, 0.5], [1, 0], [0.2, 0.8]]
    p = np.full((6, 2, 3), nan)
    p[:, 0, :], p[:, 1, :2] = on_a, on_b
    return Judged(STATEMENTS, (A, B), p, 1, "by hand")


def test_the_expected_error_is_in_scale_points() -> None:
    answers = judged()
    errors = [answers.expected_error(row) for row in range(6)]
    assert errors == pytest.approx([0.0, 0.5, 0.0, 0.5, 0.0, 2.0])


def test_conditional_means_average_wordings_and_leave_missing_answers_out() -> None:
    given_a = judged().conditional_means("A")
    np.testing.assert_allclose(given_a, [[0, 0], [0.5, 0.5], [(1 + 0.75) / 2, (1 + 0.5) / 2]])
    given_b = judged().conditional_means("B")
    np.testing.assert_allclose(given_b, [[0.5, 0.0], [np.nan, 0.8]])


def test_movement_is_the_mean_absolute_deviation_weighted_by_people() -> None:
    shares = [np.array([0.5, 0.25, 0.25]), np.array([0.5, 0.5])]
    matrix = movement_matrix([judged().conditional_means(c) for c in "AB"], shares)
    centre = 0.5 * 0 + 0.25 * 0.5 + 0.25 * 0.75
    to_b = 0.5 * centre + 0.25 * (0.5 - centre) + 0.25 * (0.75 - centre)
    assert matrix[0, 1] == pytest.approx(to_b)
    assert matrix[1, 1] == pytest.approx(0.4)
    assert matrix[1, 0] == 0.0  # one answer only is known there: nothing moved
    assert off_diagonal_mean(matrix) == pytest.approx(to_b / 2)


def test_nothing_moves_where_nothing_follows() -> None:
    flat = [np.full((3, 2), 0.4), np.full((2, 2), 0.7)]
    np.testing.assert_allclose(movement_matrix(flat, [np.ones(3) / 3, np.ones(2) / 2]), 0.0, atol=1e-15)


def test_an_item_of_which_nothing_is_known_is_left_out_of_the_mean() -> None:
    matrix = np.array([[0.9, np.nan], [0.2, 0.9]])
    assert off_diagonal_mean(matrix) == pytest.approx(0.2)
    assert np.isnan(off_diagonal_mean(np.full((2, 2), np.nan)))


def test_the_judge_reads_one_statement_and_is_asked_every_item() -> None:
    def believe(request: Request) -> tuple[str, dict[str, float]]:
        return (
            ("B", {"A": 0.25, "B": 0.75}) if "B is high" in request.messages[-1].text else ("A", {"A": 1.0})
        )

    engine = RuleEngine(believe)
    table = DescriptorTable(
        (Descriptor("B", 0.0, "hedged", "B is high", "m"), Descriptor("B", 10.0, "hedged", "", "m"))
    )
    statements = descriptor_statements(table)
    assert statements == (Statement("B", 0.0, 0, "B is high"),)
    seen: list[int] = []
    answers = asyncio.run(
        judge_statements(
            Model("judge", InProcess(engine)), statements, [A, B], ElicitationSettings(), 2, seen.append
        )
    )
    np.testing.assert_allclose(answers.probabilities[0, 1, :2], [0.25, 0.75])
    assert answers.expected_error(0) == pytest.approx(2.5)
    assert sum(seen) == 2
    last = engine.requests[-1]
    assert "Judge from the description alone" in str(last.system)
    assert last.messages[-1].text.startswith("B is high\n\n")


def test_verbatim_statements_are_question_and_answer() -> None:
    assert verbatim_statements([A])[1] == Statement(
        "A", 2.0, 0, "Question: Whether apples are good\nAnswer: some"
    )
