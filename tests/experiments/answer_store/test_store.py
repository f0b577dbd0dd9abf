"""The same behaviour on SQLite and, where a server is given, on PostgreSQL."""

import asyncio
import math
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from dspy.lm15 import Config, Message, Request

from tests.builders import new_database
from value_personas.experiments.answer_store import AnswerStore, opening
from value_personas.experiments.answer_store.contents import info
from value_personas.experiments.answer_store.leases import new_holder
from value_personas.experiments.answer_store.records import packed, unpacked
from value_personas.experiments.answer_store.schema import VERSION_TABLE, leases, replies, texts
from value_personas.experiments.answer_store.writer import Writer
from value_personas.programs.engines.replies import Reply, ReplyFailure, reply_key
from value_personas.signatures import StoreError

REPLY = Reply("A\x85 \u4e2d", (("A", -0.25), (" A", -1.5), ("B", -9999.0)), "stop", 41, 1, 0.125)


def request(n: int = 0) -> Request:
    return Request(
        model="openai/m",
        system="Answer as the person.",
        messages=(Message.user(f"A person.\n\nQuestion {n}?\n\nA yes\nB no"),),
        config=Config(temperature=1.0, max_tokens=1, logprobs=20),
    )


def key(n: int = 0, sample: int = 0) -> bytes:
    return reply_key("engine", request(n), sample)


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield str(tmp_path / "answers.db")
        return
    with new_database() as url:
        yield sa.make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def test_a_connection_that_died_while_nobody_used_it_is_replaced(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "postgresql" not in location:
        pytest.skip("a file has no connection that dies")
    monkeypatch.setattr(opening, "_IDLE_S", -1.0)
    with AnswerStore(location) as store:
        asyncio.run(put(store))
        assert set(store.get_many([key(0)])) == {key(0)}
        killer = sa.create_engine(location, isolation_level="AUTOCOMMIT")
        with killer.connect() as connection:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            ours = "AND datname = current_database() AND query LIKE 'SELECT%'"
            assert connection.execute(sa.text(f"{others} {ours}")).scalars().all()
        killer.dispose()
        assert set(store.get_many([key(0)])) == {key(0)}


async def put(store: AnswerStore, n: int = 0, reply: Reply = REPLY, sample: int = 0) -> None:
    await store.put(key(n, sample), "engine", request(n), reply, sample)


def test_a_reply_comes_back_as_it_was(location: str) -> None:
    with AnswerStore(location) as store:
        asyncio.run(put(store))
        assert store.get_many([key(), key(1)]) == {key(): REPLY}
    with AnswerStore(location) as store:
        assert store.get_many([key()]) == {key(): REPLY}


def test_the_first_reply_stays(location: str) -> None:
    with AnswerStore(location) as store:
        asyncio.run(put(store))
        asyncio.run(put(store, reply=Reply("other", None, "stop")))
        assert store.get_many([key()]) == {key(): REPLY}


def test_texts_are_stored_once(location: str) -> None:
    async def run(store: AnswerStore) -> None:
        await asyncio.gather(*(put(store, n) for n in range(50)))

    with AnswerStore(location) as store:
        asyncio.run(run(store))
        with store.engine.connect() as connection:
            assert connection.scalar(sa.select(sa.func.count()).select_from(replies)) == 50
            # instruction, persona, options, identity, shape; and one text a question
            assert connection.scalar(sa.select(sa.func.count()).select_from(texts)) == 5 + 50


def test_a_claim_is_granted_once_and_then_answered(location: str) -> None:
    async def run(store: AnswerStore, other: AnswerStore) -> None:
        assert await store.claim(key()) is None
        waiting = [asyncio.create_task(s.claim(key())) for s in (store, other)]
        await asyncio.sleep(0.3)
        assert not any(task.done() for task in waiting)
        await put(store)
        assert await asyncio.wait_for(asyncio.gather(*waiting), 5) == [REPLY, REPLY]
        assert await store.claim(key()) == REPLY

    with AnswerStore(location) as store, AnswerStore(location) as other:
        asyncio.run(run(store, other))
        with store.engine.connect() as connection:
            assert connection.execute(sa.select(leases)).all() == []


def test_a_released_claim_passes_to_who_waits(location: str) -> None:
    async def run(store: AnswerStore, other: AnswerStore) -> None:
        assert await store.claim(key()) is None
        waiting = asyncio.create_task(other.claim(key()))
        await asyncio.sleep(0.2)
        store.release(key())
        assert await asyncio.wait_for(waiting, 5) is None

    with AnswerStore(location) as store, AnswerStore(location) as other:
        asyncio.run(run(store, other))


def test_an_abandoned_claim_is_free_again(location: str) -> None:
    async def run(store: AnswerStore) -> None:
        for _ in range(20):
            claim = asyncio.create_task(store.claim(key()))
            await asyncio.sleep(0.001)
            if not claim.cancel():  # it had been granted already
                store.release(key())
        assert await asyncio.wait_for(store.claim(key()), 5) is None

    with AnswerStore(location) as store:
        asyncio.run(run(store))


@pytest.mark.parametrize(
    ("holder", "expires_in", "free"),
    [
        ("elsewhere 1 x", 30.0, False),  # another host may be alive until its lease runs out
        ("elsewhere 1 x", -1.0, True),
        (new_holder().split()[0] + " 999999999 x", 30.0, True),  # this host: no such process
        (new_holder().split()[0] + f" {os.getppid()} x", 30.0, False),
    ],
)
def test_a_lease_holds_until_it_expires_or_its_process_is_gone(
    location: str, holder: str, expires_in: float, free: bool
) -> None:
    async def run(store: AnswerStore) -> None:
        if free:
            assert await asyncio.wait_for(store.claim(key()), 5) is None
        else:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(store.claim(key()), 0.5)

    with AnswerStore(location) as store:
        with store.engine.begin() as connection:
            row = {"key": key(), "holder": holder, "expires_at": time.time() + expires_in}
            connection.execute(leases.insert(), row)
        asyncio.run(run(store))


def test_leases_end_with_their_store(location: str) -> None:
    with AnswerStore(location) as other:
        with AnswerStore(location) as store:
            assert asyncio.run(store.claim(key())) is None
        assert asyncio.run(asyncio.wait_for(other.claim(key()), 5)) is None


def test_several_loops_and_threads_share_one_store(location: str) -> None:
    def work(first: int) -> None:
        async def run() -> None:
            await asyncio.gather(*(put(store, first + n) for n in range(40)))

        asyncio.run(run())

    with AnswerStore(location) as store:

        async def all_of_them() -> None:
            await asyncio.gather(*(asyncio.to_thread(work, 40 * t) for t in range(4)))

        asyncio.run(all_of_them())
        assert len(store.get_many([key(n) for n in range(160)])) == 160


ASKING = textwrap.dedent(
    """
    import asyncio, sys
    from dspy.lm15 import Config, Message, Request
    from value_personas.experiments.answer_store import AnswerStore
    from value_personas.programs.engines.model import Model
    from value_personas.programs.engines import EngineSettings
    from value_personas.programs.engines.replies import Reply

    class Engine:
        identity = "engine"
        async def reply(self, request, sample=0):
            print("asked", request.messages[0].text, flush=True)
            await asyncio.sleep(0.01)
            return Reply("A", None, "stop", 1, 1)
        async def aclose(self): pass

    async def main(store):
        model = Model("m", Engine(), store, EngineSettings(concurrency=8))
        asked = iter(range(int(sys.argv[2])))
        async def worker():
            for n in asked:
                await model.reply(model.request("", str(n)))
                print("answered", n, flush=True)
        await asyncio.gather(*(worker() for _ in range(8)))

    with AnswerStore(sys.argv[1]) as store:
        asyncio.run(main(store))
    """
)


def asking(location: str, number: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", ASKING, location, str(number)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])


def test_two_processes_lose_no_answer_and_pay_for_none_twice(location: str) -> None:
    processes = [asking(location, 200) for _ in range(2)]
    lines = [line for process in processes for line in process.communicate(timeout=120)[0].splitlines()]
    assert [process.returncode for process in processes] == [0, 0]
    assert sorted(line for line in lines if line.startswith("asked")) == sorted(
        f"asked {n}" for n in range(200)
    )
    assert sum(line.startswith("answered") for line in lines) == 400


def test_a_batch_that_the_database_undid_is_done_again(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Deadlock(Exception):  # noqa: N818 - as psycopg names it
        sqlstate = "40P01"

    commit, undone = Writer._commit, []

    def undo_once(self: Writer, *arguments: Any) -> Any:
        outcomes = commit(self, *arguments)
        if len(undone) < 2:
            undone.append(outcomes)
            raise sa.exc.OperationalError("insert", {}, Deadlock("deadlock detected"))
        return outcomes

    monkeypatch.setattr(Writer, "_commit", undo_once)
    with AnswerStore(location) as store:
        asyncio.run(put(store, 1))
        assert store.get_many([key(1)]) == {key(1): REPLY}
    assert len(undone) == 2


def test_a_killed_process_loses_nothing_it_counted_and_blocks_nobody(location: str) -> None:
    process = asking(location, 100_000)
    assert process.stdout is not None
    counted = set()
    for line in process.stdout:
        if line.startswith("answered"):
            counted.add(int(line.split()[1]))
        if len(counted) >= 50:
            break
    process.kill()
    counted |= {int(line.split()[1]) for line in process.stdout if line.startswith("answered ")}
    process.wait()
    with AnswerStore(location) as store:
        keys = {n: reply_key("engine", Request(model="m", messages=(Message.user(str(n)),))) for n in counted}
        assert len(store.get_many(list(keys.values()))) == len(counted)

        async def claim_the_next() -> None:
            for n in range(max(counted) + 20):  # among them those that were in flight
                k = reply_key("engine", Request(model="m", messages=(Message.user(str(n)),)))
                await asyncio.wait_for(store.claim(k), 5)

        asyncio.run(claim_the_next())


def as_version_0002_left_it(store: AnswerStore) -> None:
    """First tokens as JSON, replies numbered by row."""
    with store.engine.begin() as connection:
        run = connection.exec_driver_sql
        if connection.dialect.name == "sqlite":
            run("ALTER TABLE replies RENAME TO newer")
            run(
                "CREATE TABLE replies (key BLOB NOT NULL PRIMARY KEY, engine BIGINT NOT NULL, "
                "shape BIGINT NOT NULL, prompt BLOB NOT NULL, sample INTEGER NOT NULL, text TEXT NOT NULL, "
                "first_token TEXT, finish_reason TEXT NOT NULL, input_tokens INTEGER, output_tokens INTEGER, "
                "latency_s DOUBLE NOT NULL, created_at DOUBLE NOT NULL)"
            )
            run("INSERT INTO replies SELECT * FROM newer")
            run("DROP TABLE newer")
        else:
            run("ALTER TABLE replies ALTER COLUMN first_token TYPE text USING encode(first_token, 'hex')")
        as_json = '[["A", -0.25], [" A", -1.5], ["B", -9999.0]]'
        sa_text = sa.text("UPDATE replies SET first_token = :json WHERE first_token IS NOT NULL")
        connection.execute(sa_text, {"json": as_json})
        run("DROP TABLE requested")
        run(f"UPDATE {VERSION_TABLE} SET version_num = '0002'")


def test_replies_of_version_0002_are_read_and_not_asked_again(location: str) -> None:
    silent = Reply("", None, "length")
    with AnswerStore(location) as store:
        for n in range(40):
            asyncio.run(put(store, n))
        asyncio.run(put(store, 40, silent))
        as_version_0002_left_it(store)
    with AnswerStore(location) as store:
        expected = {key(n): REPLY for n in range(40)} | {key(40): silent}
        assert store.get_many(list(expected)) == expected
        assert asyncio.run(store.claim(key(3))) == REPLY
        asyncio.run(put(store, 41))
        assert store.get_many([key(41)]) == {key(41): REPLY}
        assert {"replies", "texts", "leases"} <= set(sa.inspect(store.engine).get_table_names())
        assert "replies_0002" not in sa.inspect(store.engine).get_table_names()


@pytest.mark.parametrize(
    "alternatives",
    [
        (),
        (("A", -0.1),),
        (("", 0.0), ("\u4e2d\u6587", -1e-300), ("\ud800", -math.inf), ("x" * 65_535, -9999.0)),
        tuple((f"t{n}", -n / 7) for n in range(300)),
    ],
)
def test_alternatives_come_back_to_the_last_bit(alternatives: tuple[tuple[str, float], ...]) -> None:
    assert unpacked(packed(alternatives)) == alternatives
    assert packed(alternatives)[:1] != b"["


def test_alternatives_that_cannot_be_kept_are_refused() -> None:
    with pytest.raises(ValueError, match="first token"):
        packed((("x" * 65_536, -1.0),))


@pytest.mark.parametrize("field", ["input_tokens", "output_tokens"])
def test_a_reply_that_cannot_be_stored_is_one_missing_answer_and_takes_no_other_along(
    location: str, field: str
) -> None:
    async def run(store: AnswerStore) -> list[object]:
        bad = replace(REPLY, **{field: 2**63})
        for n in range(50):
            await store.claim(key(n))
        puts = [put(store, n, bad if n == 20 else REPLY) for n in range(50)]
        outcomes = await asyncio.wait_for(asyncio.gather(*puts, return_exceptions=True), 60)
        assert await store.claim(key(20)) is None  # free to be asked again
        await put(store, 20)
        return list(outcomes)

    with AnswerStore(location) as store:
        outcomes = asyncio.run(run(store))
        assert len(store.get_many([key(n) for n in range(50)])) == 50
    failures = {n: outcome for n, outcome in enumerate(outcomes) if outcome is not None}
    assert list(failures) == [20]
    assert isinstance(failures[20], ReplyFailure)


def test_the_largest_counts_are_kept_and_their_sum_is_exact(location: str) -> None:
    most = 2**31 - 1  # what a server is believed; a column of PostgreSQL holds no more
    largest = replace(REPLY, input_tokens=most, output_tokens=most)
    with AnswerStore(location) as store:
        for n in range(3):
            asyncio.run(put(store, n, largest))
        assert store.get_many([key(2)])[key(2)].input_tokens == most
        found = info(store)
        assert (found.input_tokens, found.output_tokens) == (3 * most, 3 * most)
        if not location.startswith("postgresql"):
            return
        with pytest.raises(ReplyFailure, match="out of range"):
            asyncio.run(asyncio.wait_for(put(store, 3, replace(largest, input_tokens=most + 1)), 60))
        assert len(store.get_many([key(n) for n in range(4)])) == 3


def test_half_a_character_is_one_missing_answer(location: str) -> None:
    with AnswerStore(location) as store:
        with pytest.raises(ReplyFailure, match="cannot be stored"):
            asyncio.run(asyncio.wait_for(put(store, reply=replace(REPLY, text="A\ud800")), 60))
        asyncio.run(put(store))


def test_whatever_the_writer_raises_reaches_everybody_who_waits(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run(store: AnswerStore) -> list[object]:
        jobs = [*(put(store, n) for n in range(5)), *(store.claim(key(n)) for n in range(5, 9))]
        outcomes = await asyncio.wait_for(asyncio.gather(*jobs, return_exceptions=True), 60)
        with pytest.raises(StoreError, match="MemoryError"):
            await store.claim(key(10))
        return list(outcomes)

    def fail(*_: object) -> None:
        raise MemoryError("no room")

    with AnswerStore(location) as store:
        monkeypatch.setattr(Writer, "_commit", fail)
        assert all(isinstance(outcome, StoreError) for outcome in asyncio.run(run(store)))


def test_a_closed_store_refuses_and_does_not_keep_waiting(location: str) -> None:
    store = AnswerStore(location)
    store.close()
    with pytest.raises(StoreError, match="closed"):
        asyncio.run(asyncio.wait_for(store.claim(key()), 60))


def test_a_store_that_may_only_be_read_can_be_looked_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs the tests may be allowed to write everywhere, so what the system would say is put here."""
    file = tmp_path / "answers.db"
    with AnswerStore(file) as store:
        asyncio.run(put(store))
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with AnswerStore(file) as store:
        assert info(store).as_dict()["replies"] == 1
        assert set(store.get_many([key(0)])) == {key(0)}
        with pytest.raises(StoreError, match="make it writable"):
            store.forget([key(0)])
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
