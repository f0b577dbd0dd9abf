"""One row a persona and draw, one column a question: the form of a survey file."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from zlib import crc32

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from value_personas.data import country_number
from value_personas.experiments.export.stored import MethodAnswers, StoredRun
from value_personas.experiments.export.variables import Sheet, Variable, variable_names
from value_personas.experiments.fieldwork.synthetic import in_words
from value_personas.experiments.run.record import Options
from value_personas.programs import REASONS
from value_personas.signatures import Array, MissingReason

Places = NDArray[np.intp]
"""Shape (personas of a country, draws): places on a question's scale; −1 for a missing answer."""

_STREAM = 61
"""Keeps these draws apart from every other draw of the same seed."""

_UNNUMBERED = 1001
"""Countries without a number of their own are numbered from here; ISO's numbers have three digits."""

_HIGHEST_MISSING = -100

_LICENCE = (
    "The value items are answers of drawn respondents: they stand under the survey's licence and may not be "
    "passed on where the survey may not."
)


def wide_sheet(run: StoredRun, draws: int = 1, seed: int = 0) -> Sheet:
    """Draw every persona's answers and lay them out as a survey file does.

    Args:
        run: what is exported.
        draws: rows a persona, each with an equal part of its weight.
        seed: of the draws.
    """
    profiles = all(answers.personas is not None for answers in run.answers)
    items = run.asked.items if profiles else ()
    gaps = missing_codes(run.asked.questions)
    numbers = _country_numbers(list(run.asked.countries))
    variables = (
        *_about(run, {float(numbers[code]): name for code, name in run.asked.countries.items()}),
        *(_variable(item, f"Value profile: {item.text}") for item in items),
        *(_variable(question, question.text, gaps) for question in run.asked.questions),
    )
    names = variable_names([variable.name for variable in variables])
    parts = []
    for answers in run.answers:
        for c, code in enumerate(answers.panel.countries):
            columns = [
                *_who(run, answers, c, draws, numbers[code]),
                *_profiles(answers, c, draws, items),
                *_answers(run, answers, c, draw_answers(answers, c, draws, seed), gaps),
            ]
            parts.append(pd.DataFrame(dict(zip(names, columns, strict=True))))
    renamed = tuple(replace(variable, name=name) for name, variable in zip(names, variables, strict=True))
    return Sheet(pd.concat(parts, ignore_index=True), renamed, _title(run), tuple(_notes(run, bool(items))))


def missing_codes(questions: Sequence[Options]) -> dict[str, float]:
    """Reason → the code by which a missing answer is stored: negative, and below every score there is."""
    lowest = min(_HIGHEST_MISSING, *(np.floor(min(question.scores)) for question in questions))
    return {reason.value: float(lowest - 1 - i) for i, reason in enumerate(REASONS)}


def _country_numbers(codes: list[str]) -> dict[str, int]:
    """ISO's number of each country, as WVS and EVS store it."""
    return {code: country_number(code) or _UNNUMBERED + i for i, code in enumerate(codes)}


def _who(run: StoredRun, answers: MethodAnswers, c: int, draws: int, number: int) -> Iterator[object]:
    """The columns of ``_about`` for one method and country."""
    members = answers.members(c)
    rows = len(members) * draws
    told = answers.told(c, ["replicate"])
    yield [answers.method] * rows
    yield float(number)
    yield answers.panel.countries[c]
    yield np.repeat(members + 1.0, draws)
    yield np.nan if told is None else np.repeat(told[:, 0], draws)
    yield np.tile(np.arange(1.0, draws + 1), len(members))
    yield np.repeat(answers.weights(c) / draws, draws)
    yield 1.0
    yield in_words(run.result.synthetic)


def _profiles(answers: MethodAnswers, c: int, draws: int, items: Sequence[Options]) -> Iterator[object]:
    """One column a value item; NaN where a persona carries none."""
    told = answers.told(c, [item.code for item in items])
    if told is not None:
        yield from np.repeat(told, draws, axis=0).T


def _answers(
    run: StoredRun, answers: MethodAnswers, c: int, drawn: Sequence[Places], gaps: dict[str, float]
) -> Iterator[Array]:
    """One column a question: drawn places as stored codes, a missing answer as the code of its reason."""
    members = answers.members(c)
    for m, (question, places) in enumerate(zip(run.asked.questions, drawn, strict=True)):
        codes = np.array(question.scores)[places]
        if (gone := places[:, 0] < 0).any():
            reasons = answers.reasons(c, m)
            known = [gaps.get(reasons.get(place, ""), np.nan) for place in members[gone].tolist()]
            codes[gone] = np.array(known)[:, None]
        yield codes.ravel()


def _about(run: StoredRun, countries: dict[float, str]) -> Iterator[Variable]:
    """What every row says of itself."""
    synthetic = " and ".join(run.result.synthetic)
    yield Variable("method", "How the answers were predicted", measure="nominal")
    yield Variable("country", "Country (ISO 3166-1 number)", countries, measure="nominal")
    yield Variable("country_alpha", "Country (ISO 3166-1 alpha-3)", measure="nominal")
    yield Variable("persona", "Number of the persona within method and country")
    yield Variable("replicate", "Which of several texts of one person")
    yield Variable("draw", "Which of several draws from the persona's answers")
    yield Variable("weight", "Weight; within method and country it sums to the number of personas")
    yield Variable("simulated", "Answers of a model, not of people", {1.0: "simulated"}, measure="nominal")
    yield Variable("synthetic", f"Invented parts: {synthetic or 'none'}", measure="nominal")


def _variable(asked: Options, label: str, gaps: dict[str, float] | None = None) -> Variable:
    missing = {code: _in_words(reason) for reason, code in (gaps or {}).items()}
    labels = dict(zip(asked.scores, asked.labels, strict=True))
    return Variable(asked.code, label, labels, missing, "ordinal")


def _in_words(reason: str) -> str:
    return "don't know" if reason == MissingReason.DONT_KNOW else reason.replace("_", " ")


def _title(run: StoredRun) -> str:
    """Short, for SPSS keeps 64 bytes of it."""
    return f"{'Synthetic: s' if run.result.synthetic else 'S'}imulated answers, {run.result.recipe.name}"


def _notes(run: StoredRun, has_items: bool) -> Iterator[str]:
    yield f"Simulated by value-personas; {run.result.title}; run {run.result.folder.name}."
    yield "Rows are draws from a model, not respondents: no standard error follows from how many there are."
    if has_items:
        yield _LICENCE


def draw_answers(answers: MethodAnswers, country: int, draws: int, seed: int) -> list[Places]:
    """Draw the answers of every persona of a country, to each question independently of the others.

    The draws of one persona are spread evenly over its distribution (one in each n-th part of it, in random
    order), which leaves every probability as it is and makes the file's shares vary less. The seed is that of
    the persona kind, so that calibrated answers differ from the others by the calibration alone.

    Args:
        answers: of one method.
        country: its place in the panel.
        draws: of each persona, ≥ 1.
        seed: of the draws.
    """
    return [_draw(answers, country, m, draws, seed) for m in range(len(answers.panel.questions))]


def _draw(answers: MethodAnswers, country: int, question: int, draws: int, seed: int) -> Places:
    panel, members = answers.panel, answers.members(country)
    cell = f"{answers.kind}/{panel.countries[country]}/{panel.questions[question]}"
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_STREAM, crc32(cell.encode()))))
    part = rng.permuted(np.tile(np.arange(draws), (len(members), 1)), axis=1)
    u = (part + rng.random(part.shape)) / draws
    k = int(panel.mask[question].sum())
    p = np.exp(panel.log_p[country, question, members, :k])
    known = ~np.isnan(p[:, 0])
    ends = np.cumsum(np.where(known[:, None], p, 1.0), axis=1)
    ends /= ends[:, -1:]
    places = (ends[:, None, :-1] <= u[:, :, None]).sum(axis=2)
    return np.where(known[:, None], places, -1)
