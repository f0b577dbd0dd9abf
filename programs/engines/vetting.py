"""One place above every engine: what comes out of it, made fit to be kept and to be shown.

Engines say what they got. Here credentials are taken out of it, be it a reply or an error; thinking is read
past; and what no store could hold is put right or refused, so that it is one missing answer at most.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import cast
from urllib.parse import quote, unquote, urlsplit

from dspy.lm15 import LM15Error, Request, ServerError

from value_personas.programs.engines.base import ManyReplier, Replier
from value_personas.programs.engines.replies import REASONING_ONLY, Reply
from value_personas.programs.engines.thinking import after_thinking

_LARGEST_COUNT = 2**31 - 1
"""Of tokens in one reply. What goes beyond is no count, and PostgreSQL's integers do not hold it."""

_SHORTEST_SECRET = 8
"""Shorter values, such as EMPTY or none, are placeholders and words of a language."""

_SHORTEST_PART = 12
"""Of the beginning of a secret, which servers show with the rest of it masked."""

_NAMES_A_SECRET = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL)S?$", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")


class Secrets:
    """Texts that must never be stored, logged or shown.

    Args:
        values: the texts; those of fewer than 8 characters are taken for placeholders.
    """

    def __init__(self, values: Iterable[str]) -> None:
        whole = {value for value in values if len(value) >= _SHORTEST_SECRET}
        whole |= {value[:n] for value in whole if (n := max(_SHORTEST_PART, len(value) // 2)) < len(value)}
        forms = whole | {quote(value, safe="") for value in whole}
        longest_first = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    @classmethod
    def of_environment(
        cls, environment: Mapping[str, str] = os.environ, more: Iterable[str] = ()
    ) -> "Secrets":
        """Every value whose variable is named like a credential, and the passwords of proxies.

        DSPy's providers each read a variable of their own, so those that a recipe names are not all.
        """
        named = [value.strip() for name, value in environment.items() if _NAMES_A_SECRET.search(name)]
        proxies = (value for name, value in environment.items() if name.lower().endswith("_proxy"))
        passwords = [unquote(password) for proxy in proxies if (password := _password(proxy))]
        return cls((*named, *passwords, *more))

    def redacted(self, text: str) -> str:
        """The text with ``[key]`` for every secret in it. Cut it after this, or half of one might stay."""
        return self._pattern.sub("[key]", text) if self._pattern else text

    def clean(self, text: str) -> str:
        """Likewise, and without halves of characters, which no encoding holds."""
        if not text.isascii():
            text = _SURROGATE.sub("\ufffd", text)
        return self.redacted(text)


def _password(proxy: str) -> str | None:
    try:
        return urlsplit(proxy).password
    except ValueError:
        return None


class Vetted:
    """A replier whose replies can be stored and whose errors can be shown.

    Args:
        engine: any engine, as the wrappers speak to it.
        secrets: what is taken out of all it says.
    """

    def __init__(self, engine: Replier, secrets: Secrets) -> None:
        self._engine = engine
        self._secrets = secrets
        self.identity = engine.identity
        self.at_once: int = getattr(engine, "at_once", 1)
        self.is_free: bool = getattr(engine, "is_free", False)
        self.queue_length: int = getattr(engine, "queue_length", 0)

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        """Answer one request.

        Raises:
            ServerError: when the reply itself says that it is an error.
        """
        try:
            reply = await self._engine.reply(request, sample)
        except Exception as error:  # noqa: BLE001 - raised again, and shown by whoever catches it
            raise self._showable(error) from None
        return fit_to_keep(reply, self._secrets)

    async def replies(self, request: Request, count: int) -> list[Reply]:
        """Answer a request several times; what follows an error among the replies is left out."""
        try:
            replies = await cast("ManyReplier", self._engine).replies(request, count)
        except Exception as error:  # noqa: BLE001 - raised again, and shown by whoever catches it
            raise self._showable(error) from None
        sound = next((n for n, reply in enumerate(replies) if reply.finish_reason == "error"), len(replies))
        return [fit_to_keep(reply, self._secrets) for reply in replies[: max(sound, 1)]]

    async def aclose(self) -> None:
        """Close the engine."""
        await self._engine.aclose()

    def _showable(self, error: Exception) -> Exception:
        """The same error without secrets."""
        error.args = tuple(self._secrets.clean(a) if isinstance(a, str) else a for a in error.args)
        if isinstance(error, LM15Error):
            error.message = self._secrets.clean(str(error.message))
        return error


def _may_need_cleaning(tokens: Sequence[str]) -> bool:
    """Whether one is long enough for a secret or no ASCII; nearly none is, and there are 20 a reply."""
    return max(map(len, tokens)) >= _SHORTEST_SECRET or not "".join(tokens).isascii()


def _count(tokens: int | None) -> int | None:
    return tokens if tokens is not None and 0 <= tokens <= _LARGEST_COUNT else None


def fit_to_keep(reply: Reply, secrets: Secrets) -> Reply:
    """A reply as it is kept.

    Raises:
        ServerError: when it says itself that it is an error.
    """
    if reply.finish_reason == "error":
        raise ServerError(f"the reply is an error: {secrets.clean(reply.text) or 'it does not say which'}")
    text = secrets.clean(after_thinking(reply.text))
    first = reply.first_token
    if first and _may_need_cleaning([token for token, _ in first]):
        first = tuple((secrets.clean(token), lp) for token, lp in first)
    finish = REASONING_ONLY if not text and reply.text.strip() else secrets.clean(reply.finish_reason)
    read, written = _count(reply.input_tokens), _count(reply.output_tokens)
    fit = (text, first, finish, read, written)
    if fit == (
        reply.text,
        reply.first_token,
        reply.finish_reason,
        reply.input_tokens,
        reply.output_tokens,
    ):
        return reply
    return replace(
        reply,
        text=text,
        first_token=first,
        finish_reason=finish,
        input_tokens=read,
        output_tokens=written,
    )
