"""Any OpenAI-compatible server (vLLM, Ollama, llama.cpp, hosted) over aiohttp."""

import email.utils
import time
from collections.abc import AsyncGenerator, Sequence
from typing import Any, NoReturn
from urllib.request import getproxies, proxy_bypass

import aiohttp
import orjson
from dspy.lm15 import (
    AuthError,
    BillingError,
    ContextLengthError,
    InvalidRequestError,
    RateLimitError,
    Request,
    Response,
    ServerError,
    TextPart,
    TimeoutError,
    TransportError,
    UnsupportedModelError,
)
from yarl import URL

from programs.engines.base import rank_alternatives, reseeded, response_of
from programs.engines.faults import MalformedReplyError, UnreachableError
from programs.engines.per_loop import PerLoop
from programs.replies import Reply

__all__ = ["LARGEST_BODY", "OpenAIHTTP"]

LARGEST_BODY = 8 * 1024 * 1024
"""Bytes after which a reply is given up. An honest one has a few thousand."""

_OPENAI_HOST = "api.openai.com"


class OpenAIHTTP:
    """The chat or completions endpoint of one model behind one or several addresses.

    Calls go to the address with the fewest outstanding. Redirects are never followed, so that the key
    goes nowhere but to the addresses given.

    Args:
        model: the model's name on the server.
        addresses: base URLs, each ending where ``/chat/completions`` is to follow.
        key: the API key, held in memory only; None to send none.
        endpoint: ``chat`` or ``completions``.
        deployment: the name of the servers in ``identity``; their addresses when None.
    """

    def __init__(
        self,
        model: str,
        addresses: Sequence[str],
        key: str | None = None,
        endpoint: str = "chat",
        deployment: str | None = None,
    ) -> None:
        self.identity = f"openai_http {endpoint} {deployment or ' '.join(sorted(addresses))}"
        self._model = model
        self._chat = endpoint == "chat"
        path = "/chat/completions" if self._chat else "/completions"
        self._servers = [_Server(address, path) for address in addresses]
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
        body = self._body(reseeded(request, sample))
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
        read = _read_chat if self._chat else _read_completions
        try:
            return read(orjson.loads(raw), time.perf_counter() - started)
        except (orjson.JSONDecodeError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise MalformedReplyError(
                f"{server.place}: not a {'chat ' if self._chat else ''}completion: {_short(error)}"
            ) from None

    async def aclose(self) -> None:
        """Close the connections of the running loop."""
        await self._sessions.aclose()

    def _body(self, request: Request) -> bytes:
        """The JSON that is posted for a request."""
        payload: dict[str, Any] = {"model": self._model}
        if self._chat:
            payload["messages"] = _messages(request)
        else:
            payload["prompt"] = "\n\n".join(message["content"] for message in _messages(request))
        config = request.config
        for name in ("temperature", "top_p", "top_k", "seed", "frequency_penalty", "presence_penalty"):
            value = getattr(config, name)
            if value is not None:
                payload[name] = value
        if config.max_tokens is not None:
            payload[self._length_name] = config.max_tokens
        if config.stop:
            payload["stop"] = config.stop
        if config.logprobs is not None:
            payload |= (
                {"logprobs": True, "top_logprobs": config.logprobs}
                if self._chat
                else {"logprobs": config.logprobs}
            )
        if config.response_format is not None:
            payload["response_format"] = _response_format(config.response_format)
        return orjson.dumps(payload | (config.extensions or {}))

    @property
    def _length_name(self) -> str:
        """OpenAI's own newer models refuse the name that all other servers know."""
        hosted = self._servers[0].url.host == _OPENAI_HOST
        return "max_completion_tokens" if hosted and self._chat else "max_tokens"

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
        said = self._redacted(_error_text(await response.content.read(4096)))
        retry_after = _retry_after(response.headers.get("Retry-After"))
        message = f"{place}: HTTP {status}{': ' + said if said else ''}"
        raise _error_of(status, said)(message, status=status, retry_after=retry_after)

    def _redacted(self, text: str) -> str:
        """Some servers repeat the key they were sent."""
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


def _messages(request: Request) -> list[dict[str, str]]:
    """The messages as the wire has them.

    Raises:
        ValueError: when one holds anything but text.
    """
    messages = [{"role": m.role, "content": _text(m.parts)} for m in request.messages]
    if request.system is not None:
        system = request.system if isinstance(request.system, str) else _text(request.system)
        messages.insert(0, {"role": "system", "content": system})
    return messages


def _text(parts: Sequence[Any]) -> str:
    if len(parts) == 1 and type(parts[0]) is TextPart:
        return str(parts[0].text)
    if not all(isinstance(part, TextPart) for part in parts):
        raise ValueError("this engine sends text only")
    return "\n".join(part.text for part in parts)


def _response_format(wanted: dict[str, Any]) -> dict[str, Any]:
    """DSPy's flat form of a schema as OpenAI's nested one."""
    if wanted.get("type") != "json_schema":
        return wanted
    schema = {"name": "answer"} | {name: value for name, value in wanted.items() if name != "type"}
    return {"type": "json_schema", "json_schema": schema}


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


def _read_chat(data: Any, latency_s: float) -> Reply:
    choice = data["choices"][0]
    message = choice["message"]
    text = message.get("content")
    content = (choice.get("logprobs") or {}).get("content")
    first = None
    if content:
        tops = [(top["token"], top["logprob"]) for top in content[0].get("top_logprobs") or ()]
        first = _checked(rank_alternatives((content[0]["token"], content[0]["logprob"]), tops))
    return _reply(data, choice, text if text is not None else message.get("refusal") or "", first, latency_s)


def _read_completions(data: Any, latency_s: float) -> Reply:
    choice = data["choices"][0]
    logprobs = choice.get("logprobs") or {}
    tokens, first = logprobs.get("tokens"), None
    if tokens:
        tops = (logprobs.get("top_logprobs") or [None])[0] or {}
        first = _checked(rank_alternatives((tokens[0], logprobs["token_logprobs"][0]), list(tops.items())))
    return _reply(data, choice, choice["text"], first, latency_s)


def _reply(
    data: Any, choice: Any, text: Any, first: tuple[tuple[str, float], ...] | None, latency_s: float
) -> Reply:
    if not isinstance(text, str):
        raise TypeError(f"the reply's text is {type(text).__name__}")
    usage = data.get("usage") or {}
    return Reply(
        text,
        first,
        str(choice.get("finish_reason") or "stop"),
        _count(usage.get("prompt_tokens")),
        _count(usage.get("completion_tokens")),
        latency_s,
    )


def _checked(ranked: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
    """Log-probabilities as reported, after a check that they can be such."""
    for token, log_probability in ranked:
        if not isinstance(token, str) or not log_probability <= 1e-3:  # NaN is not either
            raise ValueError(f"{log_probability!r} is not a log-probability")
    return ranked


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None


_ERRORS: dict[int, Any] = {
    401: AuthError,
    402: BillingError,
    403: AuthError,
    404: UnsupportedModelError,
    408: TimeoutError,
    429: RateLimitError,
    504: TimeoutError,
}


def _error_of(status: int, said: str) -> Any:
    """The canonical error of an HTTP status."""
    if status in (400, 413) and "context" in said and ("length" in said or "window" in said):
        return ContextLengthError
    return _ERRORS.get(status, ServerError if status >= 500 else InvalidRequestError)


def _error_text(body: bytes) -> str:
    """The server's own words from an error body, on one line."""
    text = body.decode("utf-8", "replace")
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        data = None
    if isinstance(data, dict):
        error = data.get("error", data)
        text = str(error.get("message", text) if isinstance(error, dict) else error)
    return " ".join(text.split())[:200]


def _retry_after(header: str | None) -> float | None:
    """Seconds to wait, from either form of the header (RFC 9110, section 10.2.3)."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None


def _reason(error: aiohttp.ClientConnectorError) -> str:
    return "connection refused" if isinstance(error.os_error, ConnectionRefusedError) else str(error.os_error)


def _short(error: Exception) -> str:
    """What was wrong with a reply, short."""
    return f"{type(error).__name__} {str(error)[:80]}"
