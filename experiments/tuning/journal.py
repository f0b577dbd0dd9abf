"""Every attempt of one tuning, in all its sessions, written down before it is sent."""

import os
import sys
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from types import TracebackType

import orjson

from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.recipe.section import settings_marked, table_of
from value_personas.programs.engines import Aside
from value_personas.signatures import StoreError

if sys.platform != "win32":  # there, nothing keeps two sessions of one tuning apart
    import fcntl

_ENTRIES = {"0": 0, "1": 1}
"""What a line may say of attempts."""


def tuning_digest(recipe: Recipe) -> str:
    """Sixteen hexadecimal digits of everything that says what a tuning asks.

    A session with another budget, concurrency or price goes on with the same tuning.
    """
    asked = recipe.model_dump(mode="json")
    for key in settings_marked(Recipe, Aside):
        table, name = table_of(asked, key)
        table.pop(name, None)
    return sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


class AttemptJournal:
    """Attempts and their money, durable against a kill: a line is with the system before the call is sent.

    One line an entry: the request's key, the attempts and the money that it adds. A reply that cost less
    than was booked is a line of 0 attempts and negative money; where a kill came first, the booking stands. A
    request that the budget refused is a line too.

    Args:
        path: the file, made if need be; in memory when absent.

    Attributes:
        attempts: request → attempts ever sent.
        costs: request → money ever booked for it, less what was given back; exact, so that no sum of it
            depends on the order in which replies came.
        refused: (request, budget) → what it lacked, ``calls`` or ``money``: a session that goes on is refused
            where the last one was.

    Raises:
        StoreError: when the file cannot be used, is damaged, or another process is tuning the same.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.attempts: Counter[bytes] = Counter()
        self.costs: dict[bytes, Fraction] = {}
        self.refused: dict[tuple[bytes, str], str] = {}
        self._path = path
        self._file = None if path is None else self._opened(path)

    def book(self, key: bytes, cost: float) -> None:
        """One attempt is about to be sent, which may cost so much."""
        self._write(key, 1, cost)

    def cost_of(self, keys: Iterable[bytes]) -> Fraction:
        """The money of some requests."""
        return sum((self.costs.get(key, Fraction(0)) for key in keys), Fraction(0))

    def refuse(self, key: bytes, budget: str, lacking: str) -> None:
        """A request was not sent, for want of calls or money under a budget."""
        if (key, budget) not in self.refused:
            self._append(f"{key.hex()} {lacking} {budget}")
            self.refused[key, budget] = lacking

    def settle(self, key: bytes, change: float) -> None:
        """It cost so much more (or, negative, less) than was booked."""
        if change:
            self._write(key, 0, change)

    def __enter__(self) -> "AttemptJournal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            os.close(self._file)

    def _opened(self, path: Path) -> int:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}; name another workspace") from None
        try:
            self._lock(file)
            # What a kill tore was never followed by a call.
            whole = path.read_bytes().rpartition(b"\n")[0].splitlines(keepends=True)
            os.ftruncate(file, sum(map(len, whole)) + 1 if whole else 0)
            self._read(whole)
        except StoreError:
            os.close(file)
            raise
        return file

    def _lock(self, file: int) -> None:
        if sys.platform == "win32":
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreError(
                f"{self._path}: another process is at the same tuning; wait for it, or name another workspace"
            ) from None

    def _read(self, lines: Iterable[bytes]) -> None:
        """Add up what earlier sessions wrote."""
        for number, line in enumerate(lines, 1):
            try:
                key, entry, rest = line.decode("ascii").split()
                if entry in ("calls", "money"):
                    self.refused[bytes.fromhex(key), rest] = entry
                else:
                    self._add(bytes.fromhex(key), _ENTRIES[entry], float(rest))
            except (KeyError, ValueError, OverflowError):
                raise StoreError(
                    f"{self._path}: line {number} is damaged; move the file away to begin the budget anew"
                ) from None

    def _write(self, key: bytes, attempts: int, cost: float) -> None:
        self._append(f"{key.hex()} {attempts} {cost!r}")
        self._add(key, attempts, cost)

    def _append(self, line: str) -> None:
        if self._file is not None:
            try:
                os.write(self._file, f"{line}\n".encode("ascii"))
            except OSError as error:
                raise StoreError(f"{self._path}: {error.strerror}; nothing more is asked") from None

    def _add(self, key: bytes, attempts: int, cost: float) -> None:
        self.attempts[key] += attempts
        self.costs[key] = self.costs.get(key, Fraction(0)) + Fraction(cost)
