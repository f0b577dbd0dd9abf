"""Cells of a survey as DSPy's examples: a country and a question go in, people's answers are the label."""

from collections.abc import Iterable, Mapping
from itertools import product

import dspy

from value_personas import data

Cell = tuple[str, str]


def examples(
    survey: data.Survey, split: data.Split | None = None, questions: Iterable[str] | None = None
) -> tuple[list[dspy.Example], list[dspy.Example]]:
    """One example a country and question that has answers.

    Args:
        survey: whose answers are the labels.
        split: of its countries, as ``data.split_countries`` makes it; all train when absent.
        questions: their codes; all when absent.

    Returns:
        The examples of the training countries, and those of the held-out ones. Each carries ``country`` and
        ``question``, its inputs; ``text`` and ``options``, the question in words; ``human``, K probabilities;
        and ``floor``, 0.

    Raises:
        SurveyError: for a country or a question that the survey does not have.
    """
    split = split or data.Split(survey.countries, ())
    codes = tuple(questions) if questions is not None else tuple(q.code for q in survey.questions)

    def of(countries: tuple[str, ...], part: str) -> list[dspy.Example]:
        cells = [(c, code) for c, code in product(countries, codes) if survey.has_answers(code, c)]
        return [
            example.copy(
                text=survey.question(example.question).text,
                options=list(survey.question(example.question).scale.labels),
            )
            for example in examples_of(survey, cells, part)
        ]

    return of(split.training, "training"), of(split.held_out, "held-out")


def examples_of(
    view: data.TrainingView | data.Survey,
    cells: Iterable[Cell],
    part: str,
    floor: Mapping[Cell, float] | None = None,
) -> list[dspy.Example]:
    """One example a cell: country and question go in, the human side is for the metric.

    Args:
        view: the distributions.
        cells: (country, question).
        part: what the examples are for.
        floor: cell → the human sample's own error; 0 when absent.
    """
    return [
        dspy.Example(
            country=country,
            question=code,
            human=[float(p) for p in view.distribution(code, country)],
            floor=float(floor[country, code]) if floor else 0.0,
            part=part,
        ).with_inputs("country", "question")
        for country, code in cells
    ]
