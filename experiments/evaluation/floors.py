"""Noise floors, kept by what they were computed from: a survey that is run again needs no new resamples."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from zlib import crc32

import numpy as np
import orjson

from value_personas import data
from value_personas.experiments.inference import noise_floor
from value_personas.experiments.scoring import SCORES
from value_personas.experiments.workspace.folders import Workspace, replace_text
from value_personas.signatures import Array, Integers, Question

_STREAM = 1
"""Keeps the noise floor's draws apart from every other draw of a recipe's seed."""

_LAW = 3
"""How the resamples are drawn; another number for another way, so that no older floor is taken for it."""


class Floors:
    """The noise floors of a survey's cells, for one seed.

    Args:
        seed: the recipe's.
        draws: resamples a cell.
        kept: a file that keeps them, or None; one that cannot be read counts as empty. It holds scores by a
            hash of the cell, nothing of any respondent.
    """

    def __init__(self, seed: int, draws: int, kept: Path | None = None) -> None:
        # Whether another distribution changed its score since cannot be told here: such floors are not kept.
        self._file = kept if len(SCORES) == len(SCORES.own) else None
        self._seed, self._draws = seed, draws
        self._known: dict[str, dict[str, float | None]] = _read(self._file) if self._file else {}
        self._new = False

    @classmethod
    def kept(cls, workspace: Workspace, survey: data.Survey, seed: int, draws: int) -> "Floors":
        """Those of a survey, kept in the workspace for every study of it."""
        return cls(seed, draws, workspace.floors([source.sha256 for source in survey.sources], seed))

    def of(self, survey: data.Survey, country: str, question: Question) -> Mapping[str, float]:
        """Score → the expected score of one resample of a cell's respondents against the sample itself."""
        positions, weights = survey.responses(question.code, country)
        points = survey.sampling_points(question.code, country)
        cell = crc32(f"{country}/{question.code}".encode())
        key = self._key(cell, positions, weights, question.scale.scores, points)
        if key not in self._known:
            seed = np.random.SeedSequence(self._seed, spawn_key=(_STREAM, cell))
            k = len(question.scale)
            drawn = data.bootstrap_distributions(positions, weights, k, self._draws, seed, points)
            human = survey.distribution(question.code, country)
            floor = noise_floor(human, drawn, question.scale.values)
            self._known[key] = {name: None if np.isnan(v) else v for name, v in floor.items()}
            self._new = True
        return {name: float("nan") if v is None else v for name, v in self._known[key].items()}

    def keep(self) -> None:
        """Write what was added to the file, beside what others wrote there meanwhile."""
        if self._file is None or not self._new:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        replace_text(self._file, orjson.dumps(_read(self._file) | self._known).decode())
        self._new = False

    def _key(
        self,
        cell: int,
        positions: Integers,
        weights: Array,
        scores: Sequence[float],
        points: Integers | None,
    ) -> str:
        """A hash of all that determines a floor."""
        digest = sha256(orjson.dumps([_LAW, self._seed, self._draws, cell, list(scores)]))
        digest.update(np.ascontiguousarray(positions).tobytes())
        digest.update(np.ascontiguousarray(weights).tobytes())
        if points is not None:
            digest.update(points.tobytes())
        return digest.hexdigest()[:32]


def _read(file: Path) -> dict[str, dict[str, float | None]]:
    """What a file holds; anything else than floors in it is passed over."""
    try:
        found = orjson.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return {key: floor for key, floor in found.items() if _is_floor(floor)} if type(found) is dict else {}


def _is_floor(floor: object) -> bool:
    whole = isinstance(floor, dict) and floor.keys() == SCORES.keys()
    return whole and all(v is None or isinstance(v, float) for v in floor.values())  # type: ignore[attr-defined]
