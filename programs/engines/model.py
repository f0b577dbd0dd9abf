"""One language model as everything here speaks to it."""

import json
import os
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import dspy
from dspy.lm15 import Config, Message, Request

from value_personas.programs.engines.base import Engine, Replier, as_replier
from value_personas.programs.engines.dialect import Dialect
from value_personas.programs.engines.durable import DurableEngine
from value_personas.programs.engines.limits import Usage
from value_personas.programs.engines.lm import language_model
from value_personas.programs.engines.patient import PatientEngine
from value_personas.programs.engines.places import Places
from value_personas.programs.engines.replies import (
    AnswerStore,
    MemoryStore,
    Reply,
    reply_key,
)
from value_personas.programs.engines.settings import EngineSettings
from value_personas.programs.engines.vetting import Secrets, Vetted
from value_personas.programs.engines.waiting import Tell, nobody


class Model:
    """One language model: limited, retried, and every reply of it kept before it is counted.

    Args:
        name: the model as the recipe names it; every request carries it.
        engine: what answers, once and without patience.
        store: keeps every reply; one in memory when absent. It is not closed here.
        settings: the limits; without any, those of ``EngineSettings``.
        tell: shows one line to whoever watches: that a server is waited for, say.

    Attributes:
        name: see above.
        identity: the engine and its endpoint, as they enter every key.
        usage: what was asked and what it cost so far.
        opened_by: what makes it again, and of which settings, where it was made of settings.

    Example:
        >>> model = Model("openai/my-model", OpenAIHTTP("my-model", ["http://127.0.0.1:8000/v1"]))
        >>> reply = await model.reply(model.request("You are terse.", "Say yes.", max_tokens=3))
    """

    def __init__(
        self,
        name: str,
        engine: Engine | Replier,
        store: AnswerStore | None = None,
        settings: EngineSettings | None = None,
        tell: Tell = nobody,
    ) -> None:
        settings = settings or EngineSettings()
        self.name = name
        self.opened_by: tuple[Callable[..., Model], EngineSettings] | None = None
        self.usage = Usage(prices=settings.prices)
        self._store: AnswerStore = store if store is not None else MemoryStore()
        keys = [os.environ.get(settings.api_key_env or "", "").strip(), getattr(engine, "key", None) or ""]
        self._dialect: Dialect | None = getattr(engine, "dialect", None)
        self._places: Places | None = getattr(engine, "places", None)
        self._vetted = Vetted(as_replier(engine), Secrets.of_environment(more=keys))
        self._patient = PatientEngine(self._vetted, settings, self.usage, tell=tell)
        self._engine = DurableEngine(self._patient, self._store, self.usage)
        self.identity = self._engine.identity

    @cached_property
    def lm(self) -> dspy.LM:
        """The model for DSPy's modules and optimisers; its replies go through the same store."""
        return language_model(self.name, self._engine)

    @property
    def at_once(self) -> int:
        """How many draws of a request are asked for in one call; 1 once the engine is found to give one."""
        return self._patient.at_once

    @property
    def is_free(self) -> bool:
        """Whether the engine answers at once and at no cost: nothing is gained by asking it slowly."""
        return self._patient.is_free

    @property
    def gives_several(self) -> bool | None:
        """Whether the engine gives several draws in one call; None as long as it was not asked for them."""
        return self._patient.gives_several

    @property
    def places(self) -> int:
        """How many servers or workers answer: so many personas are asked side by side, each at one."""
        return len(self._places) if self._places else 1

    @property
    def queue_length(self) -> int:
        """How many requests an engine takes at once that queues them itself; 0 for any other."""
        return self._patient.queue_length

    def figures(self) -> dict[str, dict[str, float]]:
        """What each of several servers or workers did so far, by its name; nothing where there is one."""
        told = self._places.figures() if self._places else {}
        return told if len(told) > 1 or self.queue_length else {}

    @property
    def engine(self) -> Replier:
        """What answers beneath the retries and the store: every call of it is made."""
        return self._vetted

    @property
    def adaptations(self) -> list[str]:
        """What was learnt from the server's refusals so far."""
        return self._patient.adaptations

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        """Answer one request, from the store or anew. Nothing of DSPy's own layers is passed through.

        Args:
            request: what is asked, with ``request.model == self.name``.
            sample: which of several draws of the same request.

        Returns:
            The reply, already durable.

        Raises:
            ReplyFailure: when this one call was given up: one missing answer.
            EngineError: when the run cannot go on: no connection, a wrong key (``AuthenticationError``), an
                unknown model, a cap reached (``BudgetError``).
            StoreError: when the reply cannot be kept.
        """
        return await self._engine.reply(request, sample)

    async def replies(self, requests: Sequence[Request], absent: Sequence[bytes] = ()) -> list[Reply]:
        """Answer several requests, in one call where they are draws of one that the engine gives together.

        Args:
            requests: in the order of their seeds.
            absent: their keys, where ``stored`` just found none of them.

        Returns:
            One reply a request, each already durable under the key that it has when asked alone.

        Raises:
            ReplyFailure, EngineError, StoreError: as ``reply`` does; what came before it is kept.
        """
        return await self._engine.replies(requests, absent)

    def stored(self, keys: Sequence[bytes], request_of: Callable[[int], Request]) -> list[Reply | None]:
        """Look many replies up at once.

        Args:
            keys: of requests to this model, as ``reply_key`` gives them.
            request_of: the place of a key → its request, for whoever must know what was found.

        Returns:
            One entry a key, None where nothing is stored.
        """
        found = self._store.get_many(keys)
        self.usage.count(stored=len(found))
        return [found.get(key) for key in keys]

    def forget(self, keys: Sequence[bytes]) -> int:
        """Remove replies from the store, so that they are asked again; returns how many there were."""
        return self._store.forget(keys)

    def recall(self, name: str) -> str | None:
        """What was found out of this model before, under a name; None for nothing."""
        key = reply_key(*self._finding(name))
        found = self._store.get_many([key]).get(key)
        if found is None:
            return None
        kept: dict[str, Any] = json.loads(found.text)
        if kept["dialect"] and self._dialect:
            self._dialect.take(kept["dialect"])
        return str(kept["finding"])

    async def remember(self, name: str, finding: str | None) -> None:
        """Keep what was found out of this model in the store, with how its server wants requests written.

        A refusal is no reply, so without this a run that is repeated would have to meet it again. What was
        found before is forgotten; None leaves nothing in its place.
        """
        identity, request = self._finding(name)
        self._store.forget([reply_key(identity, request)])
        if finding is None:
            return
        dialect = self._dialect.as_dict() if self._dialect else None
        text = json.dumps({"finding": finding, "dialect": dialect})
        await self._store.put(reply_key(identity, request), identity, request, Reply(text, None, "stop"))

    def _finding(self, name: str) -> tuple[str, Request]:
        return f"{self.identity} (what was found out)", self.request("", name)

    def request(self, system: str, user_text: str, **config: Any) -> Request:
        """A request of one system and one user message.

        Args:
            system: the instruction; empty for none.
            user_text: what is asked.
            **config: decoding parameters, as ``dspy.lm15.Config`` names them.
        """
        messages = (Message.user(user_text),)
        return Request(model=self.name, system=system or None, messages=messages, config=Config(**config))

    def require_answers(self) -> None:
        """Raise where something that was asked is only written down, to be asked later; never by itself."""

    def __reduce__(self) -> tuple[Any, ...]:
        """By its settings: locks and connections are made again where it is unpickled, limits count anew."""
        if self.opened_by is None:
            raise TypeError(f"{self.name}: only a model that connect made of its settings can be pickled")
        connect, settings = self.opened_by
        return connect, (settings, self._store)

    async def aclose(self) -> None:
        """Close the connections of the running loop. The store stays open."""
        await self._engine.aclose()
