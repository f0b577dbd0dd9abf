"""Stored answers beside the human ones: everything that calibration needs, and no model to ask."""

import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from value_personas.experiments.scoring import score_array
from value_personas.experiments.workspace.folders import newest, whole
from value_personas.signatures import Array, LeakError, StatisticsError, StoreError

FORMAT = 1

_LATER = {"people", "texts", "ivs", "respondent", "elicitation", "borne", "jackknife"}
"""Fields that files of earlier versions lack."""


@dataclass(frozen=True)
class _Answers:
    """Answers of N personas in each of C countries to M questions of at most K options.

    Attributes:
        log_p: shape (C, M, N, K), natural log-probabilities; NaN throughout a missing answer and for a
            persona that is not there, and beyond a question's options.
        human: shape (C, M, K), human distributions; NaN where a country was not asked.
        weights: shape (C, N), the personas' weights; each country's sum to 1.
        mask: shape (M, K), True for a question's own options, which come first.
        scores: shape (M, K), the options' scores.
        countries: C codes.
        zones: each country's cultural zone; countries of one zone are judged in one fold.
        questions: M codes.
        topics: each question's topic.
        near: each question's nearness to the value items.
        batteries: each question's battery, or its own code; a battery is never torn apart by a split.
        draws: answers counted in each distribution; 0 where they are log-probabilities.
        max_missing: the weighted share of missing answers above which a cell is not estimated.
        method: what answered, for example ``values-hedged``.
        synthetic: which parts were synthetic.
        people: shape (C, D), for each of D persons drawn in a country the place of its first text among the
            N; −1 beyond a country's persons. Without it every persona is one person.
        texts: T texts a person, which stand beside each other.
        ivs: each question's code in the Integrated Values Surveys; empty where it has none.
        respondent: what answered; empty in files of earlier versions.
        elicitation: how the answers were got; likewise.
        borne: shape (C, N), the weights as the personas bear them, of any scale: averages are made with
            these, so that they come to the same digits however the answers were kept.
        jackknife: shape (C, G, N), of calibrated weights: what each persona's share would be with every G-th
            person drawn given up to its neighbours; empty of others.
    """

    log_p: Array
    human: Array
    weights: Array
    mask: NDArray[np.bool_]
    scores: Array
    countries: tuple[str, ...]
    zones: tuple[str, ...]
    questions: tuple[str, ...]
    topics: tuple[str, ...]
    near: tuple[bool, ...]
    batteries: tuple[str, ...]
    draws: float = 0.0
    max_missing: float = 0.2
    method: str = "values-hedged"
    synthetic: tuple[str, ...] = ()
    people: NDArray[np.intp] = field(default_factory=lambda: np.empty((0, 0), dtype=np.intp))
    texts: int = 1
    ivs: tuple[str, ...] = ()
    respondent: str = ""
    elicitation: str = ""
    borne: Array = field(default_factory=lambda: np.empty((0, 0)))
    jackknife: Array = field(default_factory=lambda: np.empty((0, 0, 0)))

    def __post_init__(self) -> None:
        c, m, n, k = self.log_p.shape if self.log_p.ndim == 4 else (-1,) * 4
        if not self.ivs:
            object.__setattr__(self, "ivs", ("",) * m)
        if not self.borne.size:
            object.__setattr__(self, "borne", self.weights)
        expected = {
            "human": (c, m, k), "weights": (c, n), "mask": (m, k), "scores": (m, k),
            "countries": (c,), "zones": (c,), "questions": (m,), "topics": (m,), "near": (m,),
            "batteries": (m,), "ivs": (m,), "borne": (c, n),
        }  # fmt: skip
        for name, shape in expected.items():
            got = np.shape(getattr(self, name))
            if got != shape:
                raise StatisticsError(
                    f"stored answers of shape {self.log_p.shape} need {name} of shape {shape}, got {got}"
                )
        if not self.people.size:
            alone = np.where(self.weights > 0, np.arange(n), -1)
            object.__setattr__(self, "people", alone)
        if len(self.people) != c or self.people.min() < -1 or self.people.max() + self.texts > n:
            raise StatisticsError(f"people must name places among {n} personas of each of {c} countries")
        sums = self.weights.sum(axis=1)
        if not (np.abs(sums - 1.0) <= 1e-6).all() or (self.weights < 0).any():
            raise StatisticsError(
                f"the weights of each country's personas must sum to 1, got {sums.tolist()}"
            )
        shares = self.borne / self.borne.sum(axis=1, keepdims=True)
        if not np.allclose(shares, self.weights, rtol=0.0, atol=1e-6):
            raise StatisticsError("the weights must be those that the personas bear, divided by their sum")

    @property
    def lengths(self) -> NDArray[np.intp]:
        """K of each question."""
        return np.asarray(self.mask.sum(axis=1))

    @property
    def effective_people(self) -> Array:
        """Effective persons of each country, (Σw)² / Σw² (Kish 1965), shape (C,)."""
        sizes = []
        for weights, people in zip(self.weights, self.people, strict=True):
            first = people[people >= 0]
            own = weights[first] / np.bincount(first)[first]
            sizes.append(own.sum() ** 2 / (own**2).sum())
        return np.array(sizes)

    def _part(self, countries: Sequence[str], questions: Sequence[str]) -> dict[str, Any]:
        """Every field of the named countries and questions."""
        c = [_place(self.countries, code, "country") for code in countries]
        m = [_place(self.questions, code, "question") for code in questions]
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return values | {
            "log_p": self.log_p[np.ix_(c, m)],
            "human": self.human[np.ix_(c, m)],
            "weights": self.weights[c],
            "borne": self.borne[c],
            "jackknife": self.jackknife[c] if self.jackknife.size else self.jackknife,
            "people": self.people[c],
            "mask": self.mask[m],
            "scores": self.scores[m],
            "countries": tuple(countries),
            "zones": tuple(self.zones[i] for i in c),
            "questions": tuple(questions),
            "topics": tuple(self.topics[i] for i in m),
            "near": tuple(self.near[i] for i in m),
            "batteries": tuple(self.batteries[i] for i in m),
            "ivs": tuple(self.ivs[i] for i in m),
        }


class TrainingAnswers(_Answers):
    """The part of stored answers that a calibration may be fitted on; held-out cells are not in it."""

    def without(self, countries: Sequence[str]) -> "TrainingAnswers":
        """The rest, when some countries are set aside as a fold."""
        kept = [code for code in self.countries if code not in set(countries)]
        return TrainingAnswers(**self._part(kept, self.questions))

    def only(self, countries: Sequence[str]) -> "TrainingAnswers":
        """A fold."""
        return TrainingAnswers(**self._part(countries, self.questions))


class Answers(_Answers):
    """Everything that one method answered in one run."""

    def training(self, countries: Sequence[str], questions: Sequence[str]) -> TrainingAnswers:
        """Cut out the cells that may be learnt from.

        Raises:
            StatisticsError: when a code is not in the panel.
            LeakError: when nothing is named.
        """
        if not countries or not questions:
            raise LeakError("name at least one training country and one training question")
        return TrainingAnswers(**self._part(countries, questions))

    def part(self, countries: Sequence[str], questions: Sequence[str]) -> "Answers":
        """The same for judging."""
        return Answers(**self._part(countries, questions))

    def save(self, path: Path) -> None:
        """Write a compressed .npz of plain arrays, whole or not at all."""
        values = {"format": FORMAT} | {one.name: getattr(self, one.name) for one in fields(self)}
        with whole(path) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, value in values.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                    _write_array(file, np.asarray(value, order="C"))

    @classmethod
    def load(cls, path: Path) -> "Answers":
        """Read what ``save`` wrote. Nothing in the file is executed.

        Raises:
            StoreError: when it is absent, foreign, damaged or newer.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
        except FileNotFoundError:
            raise StoreError(f"{path}: no stored answers there; run value-personas run first") from None
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, AttributeError):
            raise StoreError(f"{path}: not a file of stored answers") from None
        if arrays.pop("format", None) != FORMAT:
            raise StoreError(f"{path}: not a file of stored answers in format {FORMAT}; write it again")
        names = {one.name for one in fields(cls)}
        if missing := names - _LATER - set(arrays):
            raise StoreError(f"{path}: stored answers lack {', '.join(sorted(missing))}; write them again")
        return cls(**{name: _plain(arrays[name]) for name in names & set(arrays)})


def _write_array(file: IO[bytes], array: NDArray[Any]) -> None:
    """As ``np.savez_compressed`` does, which would copy 16 MB at a time, and hold as many compressed."""
    npy.write_array_header_1_0(file, npy.header_data_from_array_1_0(array))
    for block in array if array.ndim > 1 else (array,):
        file.write(block.tobytes())


def _place(codes: Sequence[str], code: str, what: str) -> int:
    if code not in codes:
        raise StatisticsError(
            f"{what} {code} is not among the stored answers; there are {', '.join(codes[:12])}"
        )
    return list(codes).index(code)


def _plain(array: NDArray[Any]) -> Any:
    """Arrays of names as tuples, single values as Python's own."""
    if array.ndim == 0:
        return array.item()
    return tuple(array.tolist()) if array.ndim == 1 else array


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
    asked = [path for path in runs.glob("*/answers-*.npz") if path.parent.name.rpartition("-")[0] == recipe]
    if not asked:
        raise StoreError(
            f"{runs}: no run of recipe {recipe!r} holds answers; give value-personas run the same recipe and "
            "settings first"
        )
    found = [path for path in asked if path == panel_file(path.parent, method)]
    if not found:
        others = sorted({path.stem.removeprefix("answers-") for path in asked})
        raise StoreError(
            f"{runs}: no run of {recipe!r} holds answers of {method!r}, but of {', '.join(others)}; set "
            "calibration.search.method to one of these, or ask as it: personas"
        )
    in_order = sorted(found, key=lambda path: path.stat().st_mtime_ns)
    return panel_file(newest([path.parent for path in in_order]), method)


def score_panel(panel: _Answers, estimate: Array, names: Iterable[str] | None = None) -> dict[str, Array]:
    """Scores of an estimate against a panel's human answers.

    Args:
        panel: holds the human answers.
        estimate: shape (..., C, M, K).
        names: of scores; all when absent.

    Returns:
        Score name → shape (..., C, M); NaN where undefined.
    """
    scales = [scores[own] for scores, own in zip(panel.scores, panel.mask, strict=True)]
    return score_array(panel.human, estimate, scales, names)
