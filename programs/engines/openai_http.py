"""Any OpenAI-compatible server (vLLM, Ollama, llama.cpp, hosted) over aiohttp."""

import time
from collections.abc import AsyncGenerator, Sequence
from typing import NoReturn
from urllib.request import getproxies, proxy_bypass

import aiohttp
from dspy.lm15 import Request, Response, TransportError
from yarl import URL

from value_personas.programs.engines.base import EngineKind, reseeded, response_of
from value_personas.programs.engines.faults import MalformedReplyError, UnreachableError
from value_personas.programs.engines.http_errors import error_of, error_text, retry_after
from value_personas.programs.engines.openai_wire import OpenAIWire
from value_personas.programs.engines.per_loop import PerLoop
from value_personas.programs.engines.replies import Reply
from value_personas.programs.engines.settings import EngineSettings
from value_personas.signatures import RecipeError

__all__ = ["LARGEST_BODY", "OpenAIHTTP"]

LARGEST_BODY = 8 * 1024 * 1024
"""Bytes after which a reply is given up. An honest one has a few thousand."""

_OPENAI_HOST = "api.openai.com"
_OPENAI = f"https://{_OPENAI_HOST}/v1"


class OpenAIHTTP(EngineKind):
    """The chat or completions endpoint of one model behind one or several addresses.

    Calls go to the address with the fewest outstanding. Redirects are never followed, so that the key
    goes nowhere but to the addresses given.

    Args:
        model: the model's name on the server.
        addresses: base URLs, each ending where ``/chat/completions`` is to follow.
        key: the API key, held in memory only; None to send none.
        endpoint: ``chat`` or ``completions``.
        deployment: the name of the servers in ``identity``; their addresses when None.

    Attributes:
        at_once: how many answers of one request may be asked for in one call, as far as the engine knows:
            whether a server gives them shows when it is asked.
    """

    at_once = 128

    @classmethod
    def opened(cls, settings: EngineSettings, model: str) -> "OpenAIHTTP":
        """The servers of the settings; OpenAI's own where ``lm`` names it and no address is given."""
        addresses, key_of_openai = settings.addresses, None
        if not addresses:
            if settings.lm.partition("/")[0] != "openai":
                raise RecipeError(
                    f"lm = {settings.lm!r} needs base_url, for example http://127.0.0.1:8000/v1"
                )
            addresses, key_of_openai = (_OPENAI,), "OPENAI_API_KEY"
        return cls(model, addresses, settings.key(key_of_openai), settings.endpoint, settings.deployment)

    def __init__(
        self,
        model: str,
        addresses: Sequence[str],
        key: str | None = None,
        endpoint: str = "chat",
        deployment: str | None = None,
    ) -> None:
        self.identity = f"openai_http {endpoint} {deployment or ' '.join(sorted(addresses))}"
        chat = endpoint == "chat"
        path = "/chat/completions" if chat else "/completions"
        self._servers = [_Server(address, path) for address in addresses]
        # OpenAI's own newer models refuse the name that all other servers know.
        hosted = self._servers[0].url.host == _OPENAI_HOST
        length_name = "max_completion_tokens" if hosted and chat else "max_tokens"
        self._wire = OpenAIWire(model, chat, length_name)
        self._key = key
        self._sessions = PerLoop(self._session)

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
        body = self._wire.body(request, count)
        session = await self._sessions.get()
        server = min(self._servers, key=_outstanding)
        started = time.perf_counter()
        server.outstanding += 1
        try:
            raw = await self._post(session, server, body)
        except aiohttp.ClientConnectorError as error:
            raise UnreachableError(f"{server.place}: {_reason(error)}") from None
        except (aiohttp.ClientError, ConnectionError) as error:
            said = str(error) or type(error).__name__
            raise TransportError(f"{server.place}: connection broken: {self._redacted(said)}") from None
        finally:
            server.outstanding -= 1
        try:
            return self._wire.replies(raw, count, time.perf_counter() - started)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            said = self._redacted(f"{type(error).__name__} {error}")[:100]
            raise MalformedReplyError(f"{server.place}: not a completion: {said}") from None

    async def aclose(self) -> None:
        """Close the connections of the running loop."""
        await self._sessions.aclose()

    async def _session(self) -> AsyncGenerator[aiohttp.ClientSession, None]:
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        connector = aiohttp.TCPConnector(limit=0)  # the patient wrapper limits what is in flight
        timeout = aiohttp.ClientTimeout(total=None)  # likewise the time an attempt may take
        async with aiohttp.ClientSession(connector=connector, headers=headers, timeout=timeout) as session:
            yield session

    async def _post(self, session: aiohttp.ClientSession, server: "_Server", body: bytes) -> bytes:
        async with session.post(server.url, data=body, allow_redirects=False, proxy=server.proxy) as response:
            if response.status != 200 or not response.content_type.endswith("json"):
                await self._refuse(response, server.place)
            return await _bounded(response, server.place)

    async def _refuse(self, response: aiohttp.ClientResponse, place: str) -> NoReturn:
        """Raise what a response that is no completion means."""
        status = response.status
        if status == 200:
            raise MalformedReplyError(f"{place}: the reply is {response.content_type}, not JSON")
        if 300 <= status < 400:
            target = URL(response.headers.get("Location", "")).host or "elsewhere"
            raise MalformedReplyError(
                f"{place}: redirects to {target}, which is not followed; give that address as base_url"
            )
        said = self._redacted(error_text(await response.content.read(4096)))[:200]
        wait = retry_after(response.headers.get("Retry-After"))
        message = f"{place}: HTTP {status}{': ' + said if said else ''}"
        raise error_of(status, said)(message, status=status, retry_after=wait)

    def _redacted(self, text: str) -> str:
        """Some servers repeat the key they were sent. A text is cut after this, or half a key might stay."""
        return text.replace(self._key, "[key]") if self._key else text


class _Server:
    """One address and how many calls it is working on."""

    def __init__(self, address: str, path: str) -> None:
        self.url = URL(address + path)
        self.place = f"{self.url.host}:{self.url.port}"
        self.outstanding = 0
        # Once, not for every call as trust_env would: reading the environment costs more than sending.
        bypassed = proxy_bypass(self.url.host or "")
        self.proxy = None if bypassed else getproxies().get(self.url.scheme)


def _outstanding(server: _Server) -> int:
    return server.outstanding


async def _bounded(response: aiohttp.ClientResponse, place: str) -> bytes:
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


def _reason(error: aiohttp.ClientConnectorError) -> str:
    return "connection refused" if isinstance(error.os_error, ConnectionRefusedError) else str(error.os_error)
