"""Batches sent to a server, waited for and imported; a run that is killed goes on where it stood."""

import asyncio
import fcntl
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from value_personas.experiments.answer_store import AnswerStore
from value_personas.experiments.answer_store.batches import Imported, import_results
from value_personas.experiments.fieldwork.batch import Batch
from value_personas.experiments.workspace.json_file import FileModel, read_json, write_json
from value_personas.programs.engines import BatchServer, EngineSettings, OpenAIHTTP, Tell, run_in_background
from value_personas.signatures import EngineError, StoreError

_FIRST_LOOK_S, _LONGEST_WAIT_S = 2.0, 60.0
"""Until a batch is first looked at; then half as long again each time: batches take a minute to a day."""

_TOLD_EVERY_S = 60.0


class SentFile(FileModel):
    """One request file on its way.

    Attributes:
        name: of the file, here and on the server: the digest of its content is a part of it.
        lm: the model that it is for.
        address: the server's.
        api_key_env: where its key is, by name.
        endpoint: that the requests go to.
        file_id: the server's id of the file, once it has it.
        batch_id: likewise of the batch.
        state: ``imported`` once its results are stored, ``failed`` where it was refused as a whole.
    """

    name: str
    lm: str
    address: str
    api_key_env: str | None
    endpoint: str
    file_id: str | None = None
    batch_id: str | None = None
    state: Literal["open", "imported", "failed"] = "open"


class _Ledger(FileModel):
    """``sent.json``: every file that was ever sent from here."""

    files: tuple[SentFile, ...] = ()


class Submission:
    """Batches of one workspace.

    Args:
        folder: where request files, results and the ledger lie; made if need be.
        tell: shows one line to whoever watches.

    Raises:
        StoreError: when the ledger is damaged.
    """

    def __init__(self, folder: Path, tell: Tell) -> None:
        self.folder = folder
        self._tell = tell
        self._file = folder / "sent.json"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from sending the same.

        Raises:
            StoreError: when one is at it.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / ".lock").open("w")
        except OSError as error:
            raise StoreError(f"{self.folder}: {error.strerror}") from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise StoreError(f"{self.folder}: another process is sending batches from here") from None
            yield

    def send(self, batch: Batch, paths: Sequence[Path]) -> None:
        """Send the files of a batch; what was sent already is not sent again.

        Raises:
            EngineError: when a server does not take one.
        """
        for path in paths:
            settings, content = batch.settings[path], path.read_bytes()
            named = path.with_name(self._name(f"{path.stem}-{hashlib.sha256(content).hexdigest()[:16]}"))
            path.replace(named)
            (address, *_), variable = OpenAIHTTP.servers_of(settings)
            endpoint = "/v1/chat/completions" if settings.endpoint == "chat" else "/v1/completions"
            entry = SentFile(
                name=named.name, lm=settings.lm, address=address, api_key_env=variable, endpoint=endpoint
            )
            # Before it is sent: after a kill it is looked for, and not sent twice.
            run_in_background(self._begin(self._enter(entry)))

    def collect(self, store: AnswerStore) -> Imported:
        """Wait for everything that was sent, and import it.

        Returns:
            What became of the results; nothing where nothing was on its way.

        Raises:
            EngineError: when a batch was refused as a whole, or its server cannot be asked.
        """
        imported = Imported()
        for entry in [file for file in self._files() if file.state == "open"]:
            begun = run_in_background(self._begin(entry))
            ended = run_in_background(self._wait(begun))
            self._import(begun, ended, store, imported)
        return imported

    async def _begin(self, entry: SentFile) -> SentFile:
        """Bring a file to the server and have its batch begun, as far as that is not done."""
        server = self._server(entry)
        if entry.file_id is None:
            path = self.folder / entry.name
            found = await server.find_file(entry.name)
            if found and isinstance(found.get("id"), str):
                file_id = str(found["id"])
            else:
                self._tell(f"sending {entry.name} to {server.place}")
                file_id = await server.send(entry.name, _content(path))
            entry = self._enter(entry.model_copy(update={"file_id": file_id}))
        if entry.batch_id is None and entry.file_id is not None:
            begun = await server.find_batch(entry.file_id)
            known = begun.get("id") if begun else None
            batch_id = known if isinstance(known, str) else await server.begin(entry.file_id, entry.endpoint)
            entry = self._enter(entry.model_copy(update={"batch_id": batch_id}))
        return entry

    async def _wait(self, entry: SentFile) -> dict[str, Any]:
        """Look at a batch until it has ended."""
        server, delay, waited, told = self._server(entry), _FIRST_LOOK_S, 0.0, 0.0
        while True:
            state = await server.state(str(entry.batch_id))
            if state["status"] in BatchServer.ended:
                return state
            if waited >= told:
                counts = state.get("request_counts") or {}
                done = f", {counts.get('completed', 0):,} of {counts.get('total', 0):,} done"
                self._tell(f"batch {entry.batch_id}: {state['status']}{done}; waiting")
                told = waited + _TOLD_EVERY_S
            await asyncio.sleep(delay)
            waited += delay
            delay = min(delay * 1.5, _LONGEST_WAIT_S)

    def _import(self, entry: SentFile, ended: dict[str, Any], store: AnswerStore, imported: Imported) -> None:
        server, status = self._server(entry), ended["status"]
        names = [ended.get("output_file_id"), ended.get("error_file_id")]
        for file_id in (name for name in names if isinstance(name, str) and name):
            content = run_in_background(server.results(file_id))
            import_results(store, content.splitlines(), imported)
        if status == "failed" and not any(names):
            self._enter(entry.model_copy(update={"state": "failed"}))
            raise EngineError(f"{server.place}: batch {entry.batch_id} was refused: {_refusal(ended)}")
        self._enter(entry.model_copy(update={"state": "imported"}))
        (self.folder / entry.name).unlink(missing_ok=True)
        if status != "completed":
            self._tell(f"batch {entry.batch_id} {status}; what it did not come to is asked again")

    def _name(self, stem: str) -> str:
        """A name for a file; another one where the same requests were sent before and are asked again."""
        before = sum(file.name.startswith(stem) and file.state != "open" for file in self._files())
        return f"{stem}{f'-{before + 1}' if before else ''}.jsonl"

    def _files(self) -> tuple[SentFile, ...]:
        return read_json(self._file, _Ledger).files if self._file.is_file() else ()

    def _enter(self, entry: SentFile) -> SentFile:
        """Keep an entry, whole or not at all; one that stands under its name is replaced."""
        others = {file.name: file for file in self._files()}
        known = others.get(entry.name)
        if known and known.state == "open" and known.file_id and entry.file_id is None:
            return known  # the very same requests are on their way already
        write_json(self._file, _Ledger(files=tuple((others | {entry.name: entry}).values())))
        return entry

    def _server(self, entry: SentFile) -> BatchServer:
        settings = EngineSettings(lm=entry.lm, api_key_env=entry.api_key_env)
        return BatchServer(entry.address, settings.key())


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StoreError(
            f"{path}: {error.strerror}; it was about to be sent: remove sent.json there"
        ) from None


def _refusal(ended: dict[str, Any]) -> str:
    """Why a batch was refused, in the server's words."""
    listed = (ended.get("errors") or {}).get("data") if isinstance(ended.get("errors"), dict) else None
    said = [str(one.get("message")) for one in listed or () if isinstance(one, dict)]
    return " ".join("; ".join(said[:3]).split())[:300] or "it does not say why"
