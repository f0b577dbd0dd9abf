"""A server's ``/files`` and ``/batches``: request files sent, waited for, and their results fetched."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import orjson
from dspy.lm15 import LM15Error, TransportError
from yarl import URL

from value_personas.programs.engines.faults import UnreachableError, is_transient, one_line
from value_personas.programs.engines.http_errors import error_of, error_text
from value_personas.programs.engines.vetting import Secrets
from value_personas.signatures import AuthenticationError, EngineError

if TYPE_CHECKING:  # a fifth of a second of start-up, which only calls of a server need
    import aiohttp

_ATTEMPTS = 6
_FIRST_DELAY_S = 1.0
"""Before a failed call is made again; twice as long each time."""

_LONGEST_ERROR = 65536
_A_CALL_S = 600.0
"""For one call, in which 100 MB may go."""

T = TypeVar("T")


class _AnswersOtherwiseError(EngineError):
    """A server that is there and does not do what was asked."""


class BatchServer:
    """The part of an OpenAI-compatible server that takes whole files of requests.

    Args:
        address: the base URL, mostly ending in ``/v1``.
        key: held in memory only; None to send none.

    Attributes:
        ended: states of a batch that no more results come from.
    """

    ended = frozenset({"completed", "failed", "expired", "cancelled"})

    def __init__(self, address: str, key: str | None = None) -> None:
        base, mark, query = address.partition("?")
        self._base, self._query = base.rstrip("/"), mark + query
        self._key = key
        self._secrets = Secrets.of_environment(more=[key or ""])
        self.place = f"{URL(base).host}:{URL(base).port}"

    async def send(self, name: str, content: bytes) -> str:
        """Send a file of requests; returns its id.

        Raises:
            EngineError: when the server does not take it.
        """

        async def post(session: "aiohttp.ClientSession") -> Any:
            import aiohttp

            form = aiohttp.FormData({"purpose": "batch"})
            form.add_field("file", content, filename=name, content_type="application/jsonl")
            return await self._json(session.post(self._url("/files"), data=form))

        # A call of which is not known what became of it may have been taken: it is looked for first.
        return _text(await self._patiently(post, or_else=lambda: self.find_file(name)), "id")

    async def find_file(self, name: str) -> dict[str, Any] | None:
        """The file that was sent under a name; None where there is none, or the server lists none."""
        return await self._find("/files", "purpose=batch", lambda file: file.get("filename") == name)

    async def begin(self, file_id: str, endpoint: str) -> str:
        """Have a file's requests asked; returns the batch's id."""
        body = {"input_file_id": file_id, "endpoint": endpoint, "completion_window": "24h"}

        async def post(session: "aiohttp.ClientSession") -> Any:
            return await self._json(session.post(self._url("/batches"), json=body))

        return _text(await self._patiently(post, or_else=lambda: self.find_batch(file_id)), "id")

    async def find_batch(self, file_id: str) -> dict[str, Any] | None:
        """The batch of a file; None where there is none, or the server lists none."""
        return await self._find("/batches", "", lambda batch: batch.get("input_file_id") == file_id)

    async def state(self, batch_id: str) -> dict[str, Any]:
        """A batch as the server tells of it."""

        async def get(session: "aiohttp.ClientSession") -> Any:
            return await self._json(session.get(self._url(f"/batches/{quote(batch_id, safe='')}")))

        found = await self._patiently(get)
        if not isinstance(found, dict) or not isinstance(found.get("status"), str):
            raise EngineError(f"{self.place}: what it says of batch {batch_id} is no batch")
        return found

    async def results(self, file_id: str) -> bytes:
        """The content of a file of results."""

        async def get(session: "aiohttp.ClientSession") -> bytes:
            url = self._url(f"/files/{quote(file_id, safe='')}/content")
            async with self._answered(session.get(url)) as response:
                return await response.read()

        return await self._patiently(get)

    async def _find(
        self, path: str, query: str, matches: Callable[[Mapping[str, Any]], bool]
    ) -> dict[str, Any] | None:
        """The first of a list, page by page, that matches."""
        after = ""
        while True:

            async def get(session: "aiohttp.ClientSession", after: str = after) -> Any:
                asked = "&".join(part for part in ("limit=100", query, after and f"after={after}") if part)
                return await self._json(session.get(self._url(path, asked)))

            try:
                page = await self._patiently(get)
            except EngineError as error:
                if not isinstance(error, _AnswersOtherwiseError):
                    raise
                return None  # a server that takes files need not list them
            some = page.get("data") if isinstance(page, dict) else None
            listed = [one for one in some or () if isinstance(one, dict)]
            if found := next((one for one in listed if matches(one)), None):
                return found
            last = quote(str(listed[-1].get("id")), safe="") if listed else ""
            if not page.get("has_more") or not last or last == after:
                return None
            after = last

    async def _patiently(
        self,
        call: Callable[["aiohttp.ClientSession"], Awaitable[T]],
        or_else: Callable[[], Awaitable[T | None]] | None = None,
    ) -> T:
        """Make a call until it is answered.

        Args:
            call: is made within a session.
            or_else: looks for what a call that broke off may have brought about.

        Raises:
            EngineError: when it cannot be, or never is.
        """
        import aiohttp

        for attempt in range(_ATTEMPTS):
            try:
                async with self._session() as session:
                    return await call(session)
            except (LM15Error, aiohttp.ClientError, TimeoutError, ConnectionError, ValueError) as error:
                said = self._secrets.redacted(one_line(error))
                passes = is_transient(error) or isinstance(error, aiohttp.ClientError)
                if not passes or attempt + 1 == _ATTEMPTS:
                    said = said if self.place in said else f"{self.place}: {said}"
                    if getattr(error, "status", None) in (401, 403):
                        raise AuthenticationError(
                            f"{said}; check the variable that api_key_env names"
                        ) from None
                    if passes:
                        raise EngineError(f"{said}; is it running, and is base_url right?") from None
                    raise _AnswersOtherwiseError(f"{said}; see whether it has /files and /batches") from None
                unsure = or_else and not isinstance(error, UnreachableError)
                await asyncio.sleep(min(_FIRST_DELAY_S * 2**attempt, 30.0))
            if unsure and or_else and (found := await or_else()) is not None:
                return found
        raise AssertionError("unreachable")

    @asynccontextmanager
    async def _session(self) -> AsyncIterator["aiohttp.ClientSession"]:
        import aiohttp

        headers = {"Authorization": f"Bearer {self._key}"} if self._key is not None else {}
        timeout = aiohttp.ClientTimeout(total=_A_CALL_S)
        async with aiohttp.ClientSession(
            headers=headers, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=True
        ) as session:
            yield session

    async def _json(self, call: Any) -> Any:
        async with self._answered(call) as response:
            return orjson.loads(await response.read())

    @asynccontextmanager
    async def _answered(self, call: Any) -> AsyncIterator["aiohttp.ClientResponse"]:
        """A response of status 200.

        Raises:
            LM15Error: for any other.
        """
        import aiohttp

        try:
            async with call as response:
                if response.status not in (200, 201):
                    said = error_text(await response.content.read(_LONGEST_ERROR))[:300]
                    status = response.status
                    message = f"{self.place}: HTTP {status}{': ' + said if said else ''}"
                    raise error_of(status, said)(message, status=status)
                yield response
        except aiohttp.ClientConnectorError as error:
            raise UnreachableError(f"{self.place}: {error.os_error or error}") from None
        except aiohttp.ClientError as error:
            raise TransportError(f"{self.place}: connection broken: {error}") from None

    def _url(self, path: str, query: str = "") -> URL:
        asked = "&".join(part for part in (self._query.removeprefix("?"), query) if part)
        return URL(f"{self._base}{path}{f'?{asked}' if asked else ''}", encoded=True)


def _text(found: Any, name: str) -> str:
    if not isinstance(found, dict) or not isinstance(found.get(name), str):
        raise EngineError(f"the server's reply has no {name}: see whether it has /files and /batches")
    return str(found[name])
