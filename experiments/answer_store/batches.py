"""Requests that are asked elsewhere, in batches: noted when written down, answered when results come.

Results are untrusted: they come in any order, twice, in part, broken off in the middle of a line, with errors
among them and with lines that belong to nobody here. What is no answer is counted, and never kept as one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from dspy.lm15 import LM15Error, Request

from value_personas.experiments.answer_store.opening import store_errors
from value_personas.experiments.answer_store.records import reply_columns, request_columns
from value_personas.experiments.answer_store.schema import replies, requested
from value_personas.experiments.answer_store.store import AnswerStore
from value_personas.experiments.answer_store.writer import insertions
from value_personas.programs.engines import ErrorInsteadError, OpenAIWire, Reply, Secrets, fit_to_keep
from value_personas.signatures import StoreError

_LINES_AT_ONCE = 900
"""Older SQLite takes 999 parameters a statement."""

_LONGEST_LINE = 16 * 1024 * 1024
_EXAMPLES = 3
_PASSING = frozenset({408, 409, 425, 429})
"""Statuses below 500 that say nothing of the request."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What a server said in place of a reply.

    Attributes:
        status: as of HTTP; 0 where there was none, of a request that expired for example.
        said: its words, on one line.
    """

    status: int
    said: str

    @property
    def is_final(self) -> bool:
        """Whether the same request would meet it again."""
        return 400 <= self.status < 500 and self.status not in _PASSING

    def __str__(self) -> str:
        """As it is shown."""
        return f"HTTP {self.status}: {self.said}" if self.status else self.said


@dataclass(slots=True)
class Imported:
    """What became of the lines of result files.

    Attributes:
        answers: replies that were not there before.
        stored: replies that were: the same results given twice, or asked meanwhile.
        errors: requests for which the server had an error; they are asked again where that may pass.
        final: those of them that would meet the same error again.
        unknown: lines whose id belongs to no request of this store.
        unreadable: lines that are no result; the last one where a file is broken off.
        examples: what some of the errors said, and how often.
    """

    answers: int = 0
    stored: int = 0
    errors: int = 0
    final: int = 0
    unknown: int = 0
    unreadable: int = 0
    examples: Counter[str] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON values."""
        named = {name: getattr(self, name) for name in self.__slots__ if name != "examples"}
        return named | {"examples": dict(self.examples.most_common(_EXAMPLES))}

    def __str__(self) -> str:
        """One line for a person."""
        parts = [f"{self.answers:,} answers"]
        parts += [f"{self.stored:,} that were there already"] if self.stored else []
        if self.errors:
            said = "; ".join(f"{n:,} × {text}" for text, n in self.examples.most_common(_EXAMPLES))
            parts.append(f"{self.errors:,} errors ({said})")
        parts += [f"{self.unknown:,} of ids that this store did not ask"] if self.unknown else []
        parts += [f"{self.unreadable:,} lines that are no result"] if self.unreadable else []
        return ", ".join(parts)


def note_requests(store: AnswerStore, noted: Iterable[tuple[bytes, str, Request, int]]) -> None:
    """Keep what is asked under which key, so that its answer can be kept whenever it comes.

    Args:
        store: of the run.
        noted: key, identity of the engine, request and number of the draw, of each.
    """
    rows: list[dict[str, Any]] = []
    texts: dict[int, str] = {}
    for key, identity, request, sample in noted:
        row, own = request_columns(key, identity, request, sample)
        rows.append(row | {"failure": None})
        texts |= own
    with _writing(store) as connection:
        insert_texts, insert = insertions(connection.dialect, requested)
        insert_texts.run(connection, [{"id": n, "body": text} for n, text in sorted(texts.items())])
        insert.run(connection, sorted(rows, key=lambda row: row["key"]))


def failures(store: AnswerStore) -> dict[bytes, Failure]:
    """What came back as an error so far and was not answered since, by key."""
    failed = sa.select(requested.c.key, requested.c.failure).where(requested.c.failure.is_not(None))
    with store_errors(store.place), store.engine.connect() as connection:
        return {bytes(key): Failure(*orjson.loads(said)) for key, said in connection.execute(failed)}


def import_results(store: AnswerStore, lines: Iterable[bytes], imported: Imported | None = None) -> Imported:
    """Keep the replies in a result file of the batch protocol, as if they had been asked here.

    Args:
        store: which the requests were written down for.
        lines: of JSON, as OpenAI and ``vllm run-batch`` write them.
        imported: is added to; begun when absent.

    Returns:
        What became of them. Every line is durable once the next hundreds are read.
    """
    imported, secrets = imported or Imported(), Secrets.of_environment()
    source = (line for line in lines if line.strip())
    while some := list(islice(source, _LINES_AT_ONCE)):
        _keep(store, _read(some, secrets, imported), imported)
    return imported


def lines_of(path: Path) -> Iterator[bytes]:
    """A file of results, line by line; of a line longer than any reply, no more than its beginning.

    Raises:
        StoreError: when it cannot be read.
    """
    try:
        with path.open("rb") as file:
            while line := file.readline(_LONGEST_LINE):
                yield line
                while len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
                    line = file.readline(_LONGEST_LINE)
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror})") from None


Found = dict[bytes, list[Reply | Failure]]


def _read(lines: Sequence[bytes], secrets: Secrets, imported: Imported) -> Found:
    """What the lines say, by key; what cannot be read is counted."""
    found: Found = {}
    for line in lines:
        try:
            said = orjson.loads(line)
            custom_id = said["custom_id"]
            outcome = _outcome(said, secrets)
        except (LookupError, TypeError, ValueError, AttributeError):
            imported.unreadable += 1
            continue
        key = _key(custom_id)
        if key is None:
            imported.unknown += 1
        else:
            found.setdefault(key, []).append(outcome)
    return found


def _key(custom_id: Any) -> bytes | None:
    """The key that an id stands for; None where it is none of ours."""
    try:
        key = bytes.fromhex(custom_id)
    except (TypeError, ValueError):
        return None
    return key if len(key) == 32 else None


def _outcome(said: Mapping[str, Any], secrets: Secrets) -> Reply | Failure:
    """A line's reply, or what it says instead.

    Raises:
        LookupError, TypeError, ValueError, AttributeError: when it is no line of results.
    """
    response, error = said.get("response"), said.get("error")
    status = (response or {}).get("status_code", 0)
    body: Any = (response or {}).get("body")
    if error or status != 200:
        told = error or (body or {}).get("error") or {}
        words = told.get("message") or told.get("code") if isinstance(told, dict) else str(told)
        status = status if isinstance(status, int) and status != 200 else 0
        return Failure(status, secrets.redacted(" ".join(str(words or "an error").split()))[:300])
    chat = "text" not in (body.get("choices") or [{}])[0]
    try:
        (reply,) = OpenAIWire("", chat).replies_of(body, 1, 0.0)
        return fit_to_keep(reply, secrets)
    except (ErrorInsteadError, LM15Error) as failed:
        return Failure(502, secrets.redacted(str(failed))[:300])


def _keep(store: AnswerStore, found: Found, imported: Imported) -> None:
    """One transaction: replies in, their requests out, errors noted."""
    with _writing(store) as connection:
        asked = {bytes(row.key): row for row in _among(connection, requested, list(found))}
        stored = {bytes(row.key) for row in _among(connection, replies, list(found), replies.c.key)}
        rows, failed = [], []
        for key, outcomes in found.items():
            answers = [outcome for outcome in outcomes if isinstance(outcome, Reply)]
            errors = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
            if key in stored:
                imported.stored += len(answers)
            elif key not in asked:
                imported.unknown += len(outcomes)
            elif answers and (row := _row(asked[key], answers[0])):
                rows.append(row)
                imported.answers += 1
                imported.stored += len(answers) - 1
            else:
                error = errors[-1] if errors else Failure(502, "the reply cannot be kept")
                failed.append({"of": key, "said": orjson.dumps([error.status, error.said]).decode()})
                imported.errors += 1
                imported.final += error.is_final
                imported.examples[str(error)[:120]] += 1
        insertions(connection.dialect, replies)[1].run(connection, sorted(rows, key=lambda row: row["key"]))
        done = [row["key"] for row in rows] + sorted(stored & asked.keys())
        if done:
            connection.execute(requested.delete().where(requested.c.key.in_(done)))
        if failed:
            note = requested.update().where(requested.c.key == sa.bindparam("of"))
            connection.execute(note.values(failure=sa.bindparam("said")), failed)


def _row(asked: Any, reply: Reply) -> dict[str, Any] | None:
    """A row of ``replies``; None where no column would hold the reply."""
    try:
        return {name: asked._mapping[name] for name in _OF_REQUEST} | reply_columns(reply)
    except (ValueError, OverflowError):
        return None


_OF_REQUEST = ("key", "engine", "shape", "prompt", "sample")


def _among(
    connection: sa.Connection, table: sa.Table, keys: Sequence[bytes], *columns: sa.Column[Any]
) -> Iterator[Any]:
    wanted = sa.select(*(columns or table.columns)).where(table.c.key.in_(list(keys)))
    yield from connection.execute(wanted)


@contextmanager
def _writing(store: AnswerStore) -> Iterator[sa.Connection]:
    with (
        store_errors(store.place),
        store.engine.connect().execution_options(writes=True) as connection,
        connection.begin(),
    ):
        yield connection
