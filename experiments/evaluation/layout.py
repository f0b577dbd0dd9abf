"""A panel's answers laid out by country, beside the human ones."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from value_personas.experiments.evaluation.answers import Answers
from value_personas.programs import PanelResult
from value_personas.signatures import Array, Persona, Question


def answers_of(
    panel: PanelResult,
    human: Array | None = None,
    zones: Mapping[str, str] | None = None,
    *,
    method: str = "",
    max_missing: float = 0.2,
    synthetic: tuple[str, ...] = (),
    respondent: str = "",
    elicitation: str = "",
) -> Answers:
    """Lay a panel's answers out by country, beside the human ones.

    Args:
        panel: P personas × M questions.
        human: shape (C, M, K), countries in the order in which the personas name them first; NaN where a
            country was not asked. Nothing is known of people when absent.
        zones: country → cultural zone; a country that is not named is a zone of its own.
        method: the persona kind.
        max_missing: as in ``estimate_populations``.
        synthetic: which parts were synthetic.
        respondent: what answered.
        elicitation: how the answers were got.
    """
    personas, questions = panel.personas, panel.questions
    k = max(len(question.scale) for question in questions)
    log_p, weights, countries = stack_personas(
        panel.log_p[:, :, :k],
        [persona.country or "" for persona in personas],
        [persona.weight for persona in personas],
    )
    people, texts = _people(personas, countries)
    unknown = np.full((len(countries), len(questions), k), np.nan)
    return Answers(
        log_p=log_p,
        human=unknown if human is None else human[:, :, :k],
        weights=weights / weights.sum(axis=1, keepdims=True),
        borne=weights,
        countries=countries,
        zones=tuple((zones or {}).get(code, code) for code in countries),
        draws=float(panel.draws),
        max_missing=max_missing,
        method=method,
        synthetic=synthetic,
        people=people,
        texts=texts,
        respondent=respondent,
        elicitation=elicitation,
        jackknife=_jackknife(personas, weights.shape),
        **_of_questions(questions, k),
    )


def _jackknife(personas: Sequence[Persona], shape: tuple[int, ...]) -> Array:
    """Each country's jackknife shares, shape (C, G, N); empty where a persona has none."""
    groups = len(personas[0].jackknife)
    if not groups or any(len(persona.jackknife) != groups for persona in personas):
        return np.empty((0, 0, 0))
    countries = list(dict.fromkeys(persona.country for persona in personas))
    out = np.zeros((len(countries), groups, shape[1]))
    place: Counter[str] = Counter()
    for persona in personas:
        out[countries.index(persona.country), :, place[persona.country]] = persona.jackknife
        place[persona.country] += 1
    return np.asarray(out / out.sum(axis=2, keepdims=True))


def shared_answers(log_p: Array, questions: Sequence[Question], draws: float) -> Answers:
    """The answers of texts that several populations share: one block, each text as heavy as any other.

    Args:
        log_p: shape (T, M, K), as in ``PanelResult``.
        questions: M questions.
        draws: answers counted in each distribution; 0 for log-probabilities.
    """
    n, m, k = log_p.shape
    return Answers(
        log_p=log_p.transpose(1, 0, 2)[None],
        human=np.full((1, m, k), np.nan),
        weights=np.full((1, n), 1.0 / n),
        countries=("",),
        zones=("",),
        draws=draws,
        max_missing=1.0,
        **_of_questions(questions, k),
    )


def _of_questions(questions: Sequence[Question], k: int) -> dict[str, Any]:
    """The fields that tell of M questions of at most k options."""
    scores = np.full((len(questions), k), np.nan)
    for row, question in zip(scores, questions, strict=True):
        row[: len(question.scale)] = question.scale.values
    return {
        "mask": ~np.isnan(scores),
        "scores": scores,
        "questions": tuple(question.code for question in questions),
        "topics": tuple(question.topic for question in questions),
        "near": tuple(question.near for question in questions),
        "batteries": tuple(question.battery or question.code for question in questions),
        "ivs": tuple(question.ivs or "" for question in questions),
    }


def _people(personas: Sequence[Persona], countries: Sequence[str]) -> tuple[NDArray[np.intp], int]:
    """Where the first text of each person drawn stands, shape (C, D), and how many texts each has.

    A persona that stands for nobody who was drawn, one of a list of wordings, is taken as one person.
    """
    first: dict[str, list[tuple[int, int]]] = {code: [] for code in countries}
    place: Counter[str] = Counter()
    for persona in personas:
        here = place[persona.country]
        if persona.replicate == 0:
            first[persona.country] += [(draw, here) for draw in persona.draws or (here,)]
        place[persona.country] += 1
    out = np.full((len(first), max(map(len, first.values()))), -1, dtype=np.intp)
    for row, drawn in zip(out, first.values(), strict=True):
        row[: len(drawn)] = [here for _, here in sorted(drawn)]
    return out, 1 + max(persona.replicate for persona in personas)


def stack_personas(
    log_p: Array, countries: Sequence[str], weights: Sequence[float]
) -> tuple[Array, Array, tuple[str, ...]]:
    """One row a persona, in any order of countries → one block a country, padded with missing personas.

    Args:
        log_p: shape (P, M, K).
        countries: P codes.
        weights: P weights, of any scale within a country.

    Returns:
        log_p of shape (C, M, N, K), weights (C, N) as they are, and the C codes in order of appearance.
    """
    codes = tuple(dict.fromkeys(countries))
    rows = [[i for i, code in enumerate(countries) if code == one] for one in codes]
    n = max(len(block) for block in rows)
    stacked = np.full((len(codes), log_p.shape[1], n, log_p.shape[2]), np.nan)
    stacked_weights = np.zeros((len(codes), n))
    weight = np.asarray(weights, dtype=np.float64)
    for c, block in enumerate(rows):
        stacked[c, :, : len(block)] = log_p[block].transpose(1, 0, 2)
        stacked_weights[c, : len(block)] = weight[block]
    return stacked, stacked_weights, codes
