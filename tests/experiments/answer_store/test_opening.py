"""What a store refuses, and what it does when its ground gives way."""

import asyncio
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from tests.experiments.answer_store.test_store import REPLY, key, put
from tests.fake_server import FakeServer
from value_personas.experiments.answer_store import AnswerStore, opening, schema
from value_personas.programs.engines import EngineSettings, connect
from value_personas.signatures import StoreError


def test_the_scripts_end_where_the_schema_says() -> None:
    scripts = ScriptDirectory(str(Path(opening.__file__).parent / "migrations"))
    assert scripts.get_heads() == [schema.HEAD]


def test_the_scripts_make_the_tables_of_the_schema(tmp_path: Path) -> None:
    with AnswerStore(tmp_path / "a.db") as store, store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": schema.VERSION_TABLE})
        assert compare_metadata(context, schema.metadata) == []


def test_a_store_of_the_first_version_migrates_with_its_replies(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with AnswerStore(path) as store:
        asyncio.run(put(store))
    with sqlite3.connect(path) as connection:  # back to what version 0001 left
        connection.execute("DROP TABLE leases")
        connection.execute("DROP TABLE requested")
        connection.execute(f"UPDATE {schema.VERSION_TABLE} SET version_num = '0001'")
    connection.close()
    with AnswerStore(path) as store:
        assert store.get_many([key()]) == {key(): REPLY}
        assert asyncio.run(store.claim(key(1))) is None


def make_foreign(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE customers (id INTEGER)")
    connection.close()


def make_newer(path: Path) -> None:
    AnswerStore(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE {schema.VERSION_TABLE} SET version_num = '0099'")
        connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (make_foreign, "not an answer store .*customers"),
        (make_newer, "newer version of value-personas"),
        (lambda path: path.write_text("no database\n" * 100), "not a database"),
    ],
)
def test_what_is_not_ours_is_refused_unharmed(tmp_path: Path, make: object, said: str) -> None:
    path = tmp_path / "a.db"
    make(path)  # type: ignore[operator]
    before = path.read_bytes()
    with pytest.raises(StoreError, match=said):
        AnswerStore(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.db"]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="unable to open"):
        AnswerStore("/proc/no-such-place/answers.db")
    with pytest.raises(StoreError, match="no such store"):
        AnswerStore(tmp_path / "absent.db", create=False)
    assert list(tmp_path.iterdir()) == []


def test_other_databases_are_named_as_unsupported() -> None:
    with pytest.raises(StoreError, match="mysql is not supported"):
        AnswerStore("mysql://host/name")


def test_a_password_is_never_shown() -> None:
    with pytest.raises(StoreError) as caught:
        AnswerStore("postgresql://user:planted-key-93@127.0.0.1:9/name?connect_timeout=1")
    assert "planted-key-93" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
def test_a_read_only_store_is_one_line(tmp_path: Path) -> None:
    AnswerStore(tmp_path / "a.db").close()
    (tmp_path / "a.db").chmod(0o400)
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError):
        AnswerStore(tmp_path / "a.db")


def test_a_full_disk_keeps_what_was_stored_and_stops(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with AnswerStore(path) as store:
        asyncio.run(put(store))
        with store.engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()

        @sa.event.listens_for(store.engine, "begin")
        def limit(connection: sa.Connection) -> None:
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")

        stored = [0]

        async def fill() -> None:
            for n in range(1, 10_000):
                await put(store, n)
                stored.append(n)

        with pytest.raises(StoreError, match="full; free some space"):
            asyncio.run(fill())
        failed = stored[-1] + 1
        with pytest.raises(StoreError):
            asyncio.run(put(store, 1))  # nothing more is written once that happened
    with AnswerStore(path) as store:
        assert len(store.get_many([key(n) for n in range(failed)])) == failed
        assert store.get_many([key(failed)]) == {}


def test_a_limit_on_the_size_of_files_is_one_line(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import asyncio, resource, signal, sys
        from tests.experiments.answer_store.test_store import put
        from value_personas.experiments.answer_store import AnswerStore
        from value_personas.signatures import StoreError
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        async def fill(store):
            for n in range(100_000):
                await put(store, n)
        with AnswerStore(sys.argv[1]) as store:
            resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
            try:
                asyncio.run(fill(store))
            except StoreError as error:
                print(error)
        """
    )
    assert resource.RLIMIT_FSIZE is not None
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "a.db")],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[3],
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    with AnswerStore(tmp_path / "a.db") as store:
        with store.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
        assert store.get_many([key(0)]) == {key(0): REPLY}


@pytest.mark.parametrize("replaced", [False, True])
def test_a_store_deleted_under_the_run_stops_it(tmp_path: Path, replaced: bool) -> None:
    folder = tmp_path / "workspace"
    folder.mkdir()
    with AnswerStore(folder / "a.db") as store:
        asyncio.run(put(store))
        shutil.rmtree(folder)
        if replaced:
            folder.mkdir()
            AnswerStore(folder / "a.db").close()
        with pytest.raises(StoreError, match="deleted or replaced"):
            asyncio.run(put(store, 1))
        with pytest.raises(StoreError, match="deleted or replaced"):
            store.get_many([key()])


def test_a_closed_store_takes_nothing_more(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path / "a.db")
    store.close()
    with pytest.raises(StoreError, match="closed"):
        asyncio.run(put(store))


def test_a_key_from_the_environment_never_reaches_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_KEY", "planted-key-93")
    with FakeServer(key="planted-key-93") as server, AnswerStore(tmp_path / "a.db") as store:
        model = connect(EngineSettings(lm="openai/m", base_url=server.url, api_key_env="A_KEY"), store)
        asyncio.run(model.reply(model.request("", "x")))
        written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"openai/m" in written
    assert b"planted-key-93" not in written
