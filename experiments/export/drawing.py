"""Answers drawn from the personas' distributions."""

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from value_personas.experiments.export.stored import MethodAnswers

Places = NDArray[np.intp]
"""Shape (personas of a country, draws): places on a question's scale; −1 for a missing answer."""

_STREAM = 61
"""Keeps these draws apart from every other draw of the same seed."""


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
