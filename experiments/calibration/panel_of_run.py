"""From a run's answers to the file that calibration reads, and back to it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from experiments.calibration.panel import StoredPanel, stack_personas
from experiments.stored_runs import newest
from signatures import Persona, Question, StoreError

__all__ = ["Answers", "find_panel", "panel_file", "panel_of_run", "save_panels"]


class Answers(Protocol):
    """What is needed of a ``PanelResult``: personas, questions and log-probabilities."""

    @property
    def personas(self) -> tuple[Persona, ...]:
        """P personas."""

    @property
    def questions(self) -> tuple[Question, ...]:
        """M questions."""

    @property
    def log_p(self) -> NDArray[np.float64]:
        """Shape (P, M, K); NaN where there is no answer, and beyond a question's options."""


def panel_of_run(
    answers: Answers,
    human: NDArray[np.float64],
    zones: Mapping[str, str],
    *,
    method: str,
    draws: float = 0.0,
    max_missing: float = 0.2,
    synthetic: tuple[str, ...] = (),
) -> StoredPanel:
    """Lay a panel's answers beside the human ones.

    Args:
        answers: P personas × M questions.
        human: shape (C, M, K), countries in the order in which the personas name them first; NaN where a
            country was not asked.
        zones: country → cultural zone; a country that is not named is a zone of its own.
        method: the persona kind.
        draws: answers counted in each distribution; 0 for log-probabilities.
        max_missing: as in ``estimate_populations``.
        synthetic: which parts were synthetic.
    """
    personas, questions = answers.personas, answers.questions
    k = max(len(question.scale) for question in questions)
    log_p, weights, countries = stack_personas(
        answers.log_p[:, :, :k],
        [persona.country or "" for persona in personas],
        [persona.weight for persona in personas],
    )
    people, texts = _people(personas, countries)
    mask = np.arange(k) < np.array([[len(question.scale)] for question in questions])
    scores = np.full(mask.shape, np.nan)
    for row, question in zip(scores, questions, strict=True):
        row[: len(question.scale)] = question.scale.values
    return StoredPanel(
        log_p=log_p,
        human=human[:, :, :k],
        weights=weights,
        mask=mask,
        scores=scores,
        countries=countries,
        zones=tuple(zones.get(code, code) for code in countries),
        questions=tuple(question.code for question in questions),
        topics=tuple(question.topic for question in questions),
        near=tuple(question.near for question in questions),
        batteries=tuple(question.battery or question.code for question in questions),
        draws=draws,
        max_missing=max_missing,
        method=method,
        synthetic=synthetic,
        people=people,
        texts=texts,
    )


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


def save_panels(
    folder: Path,
    answers: Mapping[str, Answers],
    human: NDArray[np.float64],
    zones: Mapping[str, str],
    *,
    draws: float = 0.0,
    max_missing: float = 0.2,
    synthetic: tuple[str, ...] = (),
) -> None:
    """Write every persona kind's answers into a run's folder, where ``find_panel`` looks for them.

    Args as ``panel_of_run``; ``answers`` by persona kind.
    """
    for method, one in answers.items():
        panel = panel_of_run(
            one,
            human,
            zones,
            method=method,
            draws=draws,
            max_missing=max_missing,
            synthetic=synthetic,
        )
        panel.save(panel_file(folder, method))


def panel_file(run_folder: Path, method: str) -> Path:
    """Where a run keeps one persona kind's answers."""
    return run_folder / f"answers-{method}.npz"


def find_panel(runs: Path, recipe: str, method: str) -> Path:
    """The answers of a persona kind in the newest run of a recipe that has some.

    Args:
        runs: the workspace's folder of runs, each named ``<recipe>-<time>``.
        recipe: the recipe's name.
        method: the persona kind.

    Raises:
        StoreError: when there is none.
    """
    found = sorted(
        (path for path in runs.glob("*/" + panel_file(Path(), method).name) if _is_of(path.parent, recipe)),
        key=lambda path: path.stat().st_mtime_ns,
    )
    if not found:
        raise StoreError(
            f"{runs}: no run of {recipe!r} holds answers of {method!r}; run value-personas run {recipe} first"
        )
    return panel_file(newest([path.parent for path in found]), method)


def _is_of(folder: Path, recipe: str) -> bool:
    return folder.name.rpartition("-")[0] == recipe
