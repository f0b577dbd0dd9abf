import asyncio
import json
import math
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from dspy.lm15 import Config, Message, Request
from typer.testing import CliRunner

from tests.experiments.answer_store.test_store import (
    REPLY,
    key,
    location,
    put,
    request,
)
from value_personas.experiments.answer_store import AnswerStore
from value_personas.experiments.answer_store.contents import info, prune, records, verify
from value_personas.experiments.answer_store.export import export
from value_personas.experiments.answer_store.schema import replies, texts
from value_personas.experiments.commands.store import app
from value_personas.programs.engines.replies import Reply, reply_key, request_content
from value_personas.signatures import StoreError

__all__ = ["location"]  # the fixture: SQLite and PostgreSQL


def filled(location: str, n: int = 30) -> AnswerStore:
    store = AnswerStore(location)

    async def fill() -> None:
        await asyncio.gather(*(put(store, k) for k in range(n)))
        odd = Request(
            model="openai/other",
            messages=(Message.user("\n\n\n"), Message.assistant("\n\n"), Message.user("x\n\n")),
            config=Config(extensions={"min_p": 0.1}),
        )
        await store.put(reply_key("second", odd, 2), "second", odd, Reply("", None, "length"), 2)

    asyncio.run(fill())
    return store


def test_records_restore_the_requests_to_the_letter(location: str) -> None:
    with filled(location) as store:
        found = list(records(store))
        contents = [record.content for record in found]
        assert request_content(request(7)) in contents
        assert len(found) == 31
        assert verify(store) == []


def test_characters_that_a_database_cannot_hold_come_back(location: str) -> None:
    odd, said = "a\x00b\x1ac\x1a0\x00\n\n\x00", "\x00no\x1asuch"
    asked = Request(model="m", system="\x00", messages=(Message.user(odd),))
    reply = Reply(said, (("\x00", -0.1),), "st\x00p")
    with AnswerStore(location) as store:
        asyncio.run(store.put(reply_key("e", asked), "e", asked, reply))
        assert store.get_many([reply_key("e", asked)]) == {reply_key("e", asked): reply}
        assert verify(store) == []
        (record,) = records(store)
    assert record.content == request_content(asked)


def test_info_counts_by_engine_and_model(location: str) -> None:
    with filled(location) as store:
        counted = info(store)
    assert counted.replies == {("engine", "openai/m"): 30, ("second", "openai/other"): 1}
    assert (counted.input_tokens, counted.output_tokens, counted.leases) == (30 * 41, 30, 0)
    assert counted.schema == "0004"
    assert json.loads(json.dumps(counted.as_dict()))["replies"] == 31


def test_verify_finds_a_changed_prompt_and_a_missing_text(location: str) -> None:
    with filled(location) as store:
        with store.engine.begin() as connection:
            one = texts.c.body == "Question 3?"
            connection.execute(texts.update().where(one).values(body="Another question?"))
            connection.execute(texts.delete().where(texts.c.body == "Question 4?"))
        problems = sorted(verify(store))
        assert len(problems) == 2
        assert any(key(3).hex()[:16] in line and "not the one" in line for line in problems)
        assert any(key(4).hex()[:16] in line and "missing" in line for line in problems)
        with pytest.raises(StoreError, match="store verify"):
            list(records(store))


def test_export_holds_everything(location: str, tmp_path: Path) -> None:
    path = tmp_path / "replies.parquet"
    with filled(location) as store:
        assert export(store, path) == 31
    rows = {row["key"]: row for row in pq.read_table(path).to_pylist()}
    row = rows[key(7).hex()]
    assert row["prompt"] == "A person.\n\nQuestion 7?\n\nA yes\nB no"
    assert row["tokens"] == ["A", " A", "B"]
    assert row["probabilities"] == pytest.approx([math.exp(-0.25), math.exp(-1.5), 0.0])
    assert (row["system"], row["model"], row["text"]) == ("Answer as the person.", "openai/m", REPLY.text)
    assert json.loads(row["config"]) == {"temperature": 1.0, "max_tokens": 1, "logprobs": 20}
    odd = next(row for row in rows.values() if row["engine"] == "second")
    assert json.loads(odd["messages"]) == [["user", "\n\n\n"], ["assistant", "\n\n"], ["user", "x\n\n"]]
    assert (odd["tokens"], odd["sample"], odd["input_tokens"]) == (None, 2, None)
    assert sorted(p.suffix for p in tmp_path.iterdir() if "parquet" in p.name) == [".parquet"]


def test_an_export_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with filled(str(tmp_path / "a.db")) as store, pytest.raises(StoreError, match="nothing was written"):
        export(store, tmp_path / "no-such-folder" / "replies.parquet")


def test_prune_removes_replies_and_texts_that_nothing_refers_to(location: str) -> None:
    with filled(location) as store:
        assert prune(store, older_than_days=1.0) == 0
        assert prune(store, engine="secon%") == 0  # no pattern, but the text itself
        assert prune(store, engine="secon") == 1
        assert verify(store) == []
        with store.engine.begin() as connection:
            connection.execute(replies.update().where(replies.c.key == key(5)).values(created_at=0.0))
        assert prune(store, older_than_days=1.0) == 1
        assert store.get_many([key(5), key(6)]) == {key(6): REPLY}
        assert prune(store) == 29
        with store.engine.connect() as connection:
            assert connection.scalar(sa.select(sa.func.count()).select_from(texts)) == 0


def test_what_holds_no_answer_is_removed_alone(location: str, tmp_path: Path) -> None:
    """Errors that an earlier version kept, thinking alone, and nothing; words and first tokens stay."""
    first = REPLY.first_token
    kinds = {
        "error": Reply("cut off", None, "error"),
        "thinks": Reply("", None, "reasoning_only"),
        "nothing": Reply(" \n", None, "stop"),
        "words": Reply("I would rather not say.", None, "stop"),
        "token": Reply("", first, "stop"),
    }

    async def fill(store: AnswerStore) -> None:
        for name, reply in kinds.items():
            asked = request(name)
            await store.put(reply_key("engine", asked), "engine", asked, reply)

    with filled(location) as store:
        asyncio.run(fill(store))
        assert prune(store, missing=True) == 4  # one of them was there
        assert prune(store, missing=True) == 0
        kept = store.get_many([reply_key("engine", request(name)) for name in kinds])
        assert {reply.text for reply in kept.values()} == {"I would rather not say.", ""}
        assert info(store).replies["engine", "openai/m"] == 32
        assert verify(store) == []


def test_prune_waits_for_no_run(location: str) -> None:
    with filled(location) as store:
        asyncio.run(store.claim(key(100)))
        with pytest.raises(StoreError, match="a run is using the store"):
            prune(store)


def test_the_commands(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    filled(path).close()
    run = CliRunner().invoke
    assert "31 replies" in run(app, ["info", "--store", path]).stdout
    assert json.loads(run(app, ["info", "--store", path, "--json"]).stdout)["replies"] == 31
    assert run(app, ["verify", "--store", path]).exit_code == 0
    exported = tmp_path / "x.parquet"
    assert run(app, ["export", str(exported), "--store", path]).exit_code == 0
    assert exported.is_file()
    assert isinstance(run(app, ["prune", "--store", path]).exception, StoreError)
    assert run(app, ["prune", "--all", "--store", path], input="n\n").exit_code == 1
    removed = run(app, ["prune", "--missing", "--yes", "--store", path]).stdout
    assert removed.splitlines()[0] == "1 replies that hold no answer removed"
    assert json.loads(run(app, ["prune", "--all", "--yes", "--json", "--store", path]).stdout) == {
        "removed": 30
    }
    missing = run(app, ["info", "--workspace", str(tmp_path / "absent")])
    assert isinstance(missing.exception, StoreError)
    assert not (tmp_path / "absent").exists()
