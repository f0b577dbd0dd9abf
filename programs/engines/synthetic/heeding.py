"""What the synthetic writer takes from an instruction: six features, in part or in full, and its length."""

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from value_personas.programs.engines.synthetic.lexicon import load_lexicon

_FILE = Path(__file__).parent / "instructions.toml"

_OBJECTIVE = "your objective is:"
"""What stands before the instruction in a prompt of DSPy's ChatAdapter; before it are the fields."""

_SHORT, _TOO_LONG = 120, 110.0
"""Words up to which all of an instruction is heeded, and the scale in words on which heed is lost beyond."""


@dataclass(frozen=True, slots=True)
class Heeded:
    """How far each thing is asked for, 0–1, as much as is heeded of it.

    Attributes:
        hedge: that nothing else be implied.
        contrast: that the answer be told from its neighbours.
        concreteness: how strongly the attitude is held, in plain words.
        address: to whom the text speaks.
        numbers: that none be mentioned.
        countries: likewise.
    """

    hedge: float
    contrast: float
    concreteness: float
    address: float
    numbers: float
    countries: float

    @property
    def precision(self) -> float:
        """How exactly an answer is described: contrast is of little use without concreteness."""
        return self.contrast * (0.4 + 0.6 * self.concreteness)


@lru_cache(maxsize=1024)
def read_instruction(system: str, shown: bool = False) -> Heeded:
    """What an instruction asks for.

    Args:
        system: the system text of a prompt.
        shown: whether demonstrations stand beside it: what they show need not be said, but for half.
    """
    _, _, text = " ".join(system.split()).rpartition(_OBJECTIVE)
    words = len(text.split())
    heed = math.exp(-((max(0, words - _SHORT) / _TOO_LONG) ** 2))
    asked = {name: _asked(name, text) for name in _features()}
    if shown:
        asked |= {name: 0.5 + 0.5 * share for name, share in asked.items() if name != "hedge"}
    return Heeded(**{name: heed * share for name, share in asked.items()})


def _asked(name: str, text: str) -> float:
    full, patterns = _features()[name]
    found = sum(pattern.search(text) is not None for pattern in patterns)
    return min(1.0, found / full)


@cache
def _features() -> Mapping[str, tuple[int, tuple[re.Pattern[str], ...]]]:
    hedge = load_lexicon().hedge_asked.pattern.removeprefix("(?:").removesuffix(")").split(")|(?:")
    return {
        name: (row["full"], tuple(re.compile(p, re.IGNORECASE) for p in row.get("patterns", hedge)))
        for name, row in _rows().items()
        if "full" in row
    }


def clauses() -> Mapping[str, tuple[str, ...]]:
    """Feature, or ``idle`` → sentences that ask for it."""
    return {name: tuple(row["clauses"]) for name, row in _rows().items()}


@cache
def heeded_version() -> str:
    """A digest of what is heeded."""
    return blake2b(_FILE.read_bytes(), digest_size=4).hexdigest()


@cache
def _rows() -> dict[str, dict[str, Any]]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))
