"""Any OpenAI-compatible server (vLLM, Ollama, llama.cpp, hosted) over aiohttp."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, cast
from urllib.request import getproxies, proxy_bypass

import orjson
from dspy.lm15 import LM15Error, Request, Response, TransportError
from yarl import URL

from value_personas.programs.engines.base import EngineKind, reseeded, response_of
from value_personas.programs.engines.dialect import Dialect
from value_personas.programs.engines.faults import AdaptedError, MalformedReplyError, UnreachableError
from value_personas.programs.engines.http_errors import (
    NOT_NOW,
    error_of,
    error_text,
    redirect_target,
    retry_after,
)
from value_personas.programs.engines.openai_wire import ErrorInsteadError, OpenAIWire
from value_personas.programs.engines.per_loop import PerLoop
from value_personas.programs.engines.places import Place, Places
from value_personas.programs.engines.replies import Reply
from value_personas.programs.engines.settings import EngineSettings
from value_personas.signatures import RecipeError

if TYPE_CHECKING:  # a fifth of a second of start-up, which only calls of a server need
    import aiohttp

LARGEST_BODY = 8 * 1024 * 1024
"""Bytes after which a reply is given up. An honest one has a few thousand."""

_NO_REFUSAL = frozenset({401, 402, 403, 407, 408, 429, 502, 503, 504}) | NOT_NOW
"""Statuses that say nothing of how a request is written."""

_HANGS_S = 5.0
"""A call given up after so long, while nothing else was answered, says that the server hangs."""

_GONE = frozenset({502, 503, 504})
"""Statuses by which what stands before a server says that it is not there."""

_LONGEST_ERROR = 65536
_LONGEST_KEY = 1024
"""What is left of an error that was cut: half a key could not be known for one."""

_OPENAI_HOST = "api.openai.com"
_OPENAI = f"https://{_OPENAI_HOST}/v1"


class OpenAIHTTP(EngineKind):
    """The chat or completions endpoint of one model behind one or several addresses.

    Of several addresses, all calls of a persona go to one, whose prefix cache then serves all its questions;
    a dead one is passed over and tried again, a slow one gets less (``Places``). Redirects are never
    followed, so that the key goes nowhere but to the addresses given.

    Args:
        model: the model's name on the server.
        addresses: base URLs, each ending where ``/chat/completions`` is to follow.
        key: the API key, held in memory only; None to send none.
        endpoint: ``chat`` or ``completions``.
        deployment: the name of the servers in ``identity``; their addresses when None.
        extra: what stands in every body beside what a request says; part of the identity.

    Attributes:
        places: the addresses, and what each did so far.
        key: see above. What shows or stores anything takes it out (``vetting``): here errors say what came.
        at_once: how many answers of one request may be asked for in one call, as far as the engine knows:
            whether a server gives them shows when it is asked.
    """

    at_once = 128

    @classmethod
    def opened(cls, settings: EngineSettings, model: str) -> "OpenAIHTTP":
        """The servers of the settings; OpenAI's own where ``lm`` names it and no address is given."""
        addresses, variable = cls.servers_of(settings)
        key = settings.key(variable)
        return cls(model, addresses, key, settings.endpoint, settings.deployment, settings.extra)

    @staticmethod
    def servers_of(settings: EngineSettings) -> tuple[tuple[str, ...], str | None]:
        """The addresses, and the environment variable that holds their key, if any does."""
        if settings.addresses:
            return settings.addresses, settings.api_key_env
        if settings.lm.partition("/")[0] != "openai":
            raise RecipeError(f"lm = {settings.lm!r} needs base_url, for example http://127.0.0.1:8000/v1")
        return (_OPENAI,), settings.api_key_env or "OPENAI_API_KEY"

    def __init__(
        self,
        model: str,
        addresses: Sequence[str],
        key: str | None = None,
        endpoint: str = "chat",
        deployment: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.identity = f"openai_http {endpoint} {deployment or ' '.join(sorted(addresses))}"
        if extra:
            self.identity += f" {orjson.dumps(extra, option=orjson.OPT_SORT_KEYS).decode()}"
        chat = endpoint == "chat"
        path = "/chat/completions" if chat else "/completions"
        self._servers = [_Server(address, path) for address in addresses]
        self.places = Places(self._servers)
        # OpenAI's own newer models refuse the name that all other servers know.
        hosted = self._servers[0].url.host == _OPENAI_HOST
        dialect = Dialect("max_completion_tokens" if hosted and chat else "max_tokens")
        self._wire = OpenAIWire(model, chat, dialect, extra)
        self.key = key
        self._sessions = PerLoop(self._session)

    def written(self, request: Request, sample: int = 0) -> tuple[str, dict[str, Any]]:
        """A request as a line of a batch file has it: the path that it is posted to, and its body."""
        path = "/v1/chat/completions" if self._wire.is_chat else "/v1/completions"
        return path, self._wire.payload(reseeded(request, sample))

    @property
    def dialect(self) -> Dialect:
        """How the server wants requests written, as far as its refusals told."""
        return self._wire.dialect

    def __repr__(self) -> str:
        """The identity; the key is never shown."""
        return f"OpenAIHTTP({self.identity!r})"

    async def complete(self, request: Request) -> Response:
        """Answer one request."""
        return response_of(await self.reply(request), request.model)

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        """Answer one request, reading no more of the response than a ``Reply`` keeps."""
        (reply,) = await self._ask(reseeded(request, sample), 1)
        return reply

    async def replies(self, request: Request, count: int) -> list[Reply]:
        """Answer a request ``count`` times in one call, by the parameter ``n``.

        The servers that give several answers and know seeds (vLLM, llama.cpp) add an answer's number to the
        seed, so that the n-th is the reply to the request with that seed.
        """
        return await self._ask(request, count)

    async def _ask(self, request: Request, count: int) -> list[Reply]:
        payload = self._wire.payload(request, count)
        passed: list[_Server] = []
        while True:
            server = cast("_Server", self.places.choose(request, passed))
            started, away, replies = server.begin(), False, None
            try:
                replies = await self._ask_one(server, payload, count)
                return replies
            except UnreachableError:  # nothing was sent: it is no attempt
                away = True
                passed.append(server)
                if len(passed) == len(self._servers):
                    raise
            except LM15Error as error:
                away = isinstance(error, TransportError) or error.status in _GONE
                raise
            except asyncio.CancelledError:
                away = time.monotonic() - started >= _HANGS_S
                raise
            finally:
                if replies is None:
                    server.failed(started, away=away)
                else:
                    server.answered(started, replies)

    async def _ask_one(self, server: "_Server", payload: dict[str, Any], count: int) -> list[Reply]:
        import aiohttp

        session = await self._sessions.get()
        started = time.perf_counter()
        try:
            raw = await self._post(session, server, payload)
        except aiohttp.ClientProxyConnectionError:
            raise UnreachableError(
                f"{server.place}: the proxy of the environment cannot be reached; unset "
                f"{server.url.scheme.upper()}_PROXY, or name the server in NO_PROXY"
            ) from None
        except aiohttp.ClientConnectorError as error:
            raise UnreachableError(f"{server.place}: {_reason(error)}") from None
        except (aiohttp.ClientError, ConnectionError) as error:
            said = str(error) or type(error).__name__
            raise TransportError(f"{server.place}: connection broken: {said}") from None
        try:
            return self._wire.replies(raw, count, time.perf_counter() - started)
        except ErrorInsteadError as error:
            status, said = error.status, str(error)
            message = f"{server.place}: an error in place of a reply: {said}"
            raise error_of(status, said)(message, status=status) from None
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            said = str(error) if type(error) is ValueError else f"{type(error).__name__} {error}"
            raise MalformedReplyError(f"{server.place}: not a completion: {said}") from None

    async def aclose(self) -> None:
        """Close the connections of the running loop."""
        await self._sessions.aclose()

    async def _session(self) -> AsyncGenerator["aiohttp.ClientSession", None]:
        import aiohttp

        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if self.key is not None:
            headers["Authorization"] = f"Bearer {self.key}"
        connector = aiohttp.TCPConnector(limit=0)  # the patient wrapper limits what is in flight
        timeout = aiohttp.ClientTimeout(total=None)  # likewise the time an attempt may take
        jar = aiohttp.DummyCookieJar()  # calls are told apart by nothing but what they say
        async with aiohttp.ClientSession(
            connector=connector, headers=headers, timeout=timeout, cookie_jar=jar
        ) as session:
            yield session

    async def _post(
        self, session: "aiohttp.ClientSession", server: "_Server", payload: dict[str, Any]
    ) -> bytes:
        body = orjson.dumps(payload)
        async with session.post(server.url, data=body, allow_redirects=False, proxy=server.proxy) as response:
            if not 200 <= response.status < 300 or response.content_type == "text/html":
                await self._refuse(response, server.place, payload)
            return await _bounded(response, server.place)

    async def _refuse(
        self, response: "aiohttp.ClientResponse", place: str, payload: Mapping[str, Any]
    ) -> NoReturn:
        """Raise what a response that is no completion means."""
        status = response.status
        if status < 300:
            raise MalformedReplyError(f"{place}: the reply is a page (text/html), not JSON")
        if 300 <= status < 400:
            target = redirect_target(response.headers.get("Location"))
            raise MalformedReplyError(
                f"{place}: redirects to {target}, which is not followed; give that address as base_url"
            )
        body = b""
        while len(body) < _LONGEST_ERROR and (
            more := await response.content.read(_LONGEST_ERROR - len(body))
        ):
            body += more
        said = error_text(body if len(body) < _LONGEST_ERROR else body[:-_LONGEST_KEY])
        if status not in _NO_REFUSAL:
            self._adapt(body, payload, f"{place}: {said}")
        wait = retry_after(response.headers.get("Retry-After"))
        message = f"{place}: HTTP {status}{': ' + said if said else ''}"
        raise error_of(status, said)(message, status=status, retry_after=wait)

    def _adapt(self, refusal: bytes, payload: Mapping[str, Any], said: str) -> None:
        """Learn from a refusal, where it can be.

        Raises:
            AdaptedError: when the same request would now be written otherwise than it was.
        """
        learnt = None
        if self._wire.dialect.is_how(payload):
            learnt = self._wire.dialect.learn(refusal.decode("utf-8", "replace"), payload)
            if learnt is None:
                return
        raise AdaptedError(said, learnt)


class _Server(Place):
    """One address."""

    def __init__(self, address: str, path: str) -> None:
        base, question_mark, query = address.partition("?")
        self.url = URL(base.rstrip("/") + path + question_mark + query)
        self.place = f"{self.url.host}:{self.url.port}"
        path = URL(base).path.rstrip("/")
        super().__init__(self.place if path == "/v1" else f"{self.place}{path}")
        # Once, not for every call as trust_env would: reading the environment costs more than sending.
        bypassed = proxy_bypass(self.url.host or "")
        self.proxy = None if bypassed else getproxies().get(self.url.scheme)


async def _bounded(response: "aiohttp.ClientResponse", place: str) -> bytes:
    """The body, unless it is larger than any honest one, compressed or not."""
    length = response.content_length
    if length is not None and length > LARGEST_BODY:
        response.close()
        raise MalformedReplyError(f"{place}: a reply of {length} bytes, {LARGEST_BODY} at most are read")
    if length is not None and "Content-Encoding" not in response.headers:
        return await response.read()
    chunks, size = [], 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > LARGEST_BODY:
            response.close()
            raise MalformedReplyError(f"{place}: a reply of more than {LARGEST_BODY} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _reason(error: "aiohttp.ClientConnectorError") -> str:
    beneath = getattr(error, "os_error", None)  # an error about a certificate has none
    return "connection refused" if isinstance(beneath, ConnectionRefusedError) else str(beneath or error)
