"""The settings of a language model, as they stand in a recipe."""

import difflib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator
from yarl import URL

from value_personas.signatures import AuthenticationError, Frozen, OfForm

_NAMES_A_KEY = re.compile(
    r"(?:^|[-_])(?:key|token|secret|pass|password|pwd|auth|authorization|credential|cred|sig|code)s?$|apikey",
    re.IGNORECASE,
)
_LONGEST_HARMLESS = 40
_CLUSTER = r"^(local:[1-9][0-9]{0,3}|(tcp|tls|ws|wss)://([^\s@?#/:\[\]]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}/?)$"
_CLUSTERS = (
    "a Dask scheduler's address such as tcp://10.0.0.1:8786 or tls://host:8786 (http:// is its dashboard's), "
    "or local:4 for four processes here"
)

_WRITTEN = frozenset(
    {
        "model",
        "messages",
        "prompt",
        "n",
        "stream",
        "seed",
        "temperature",
        "max_tokens",
        "max_completion_tokens",
        "logprobs",
        "top_logprobs",
        "reasoning_effort",
        "response_format",
    }
)
"""Fields of a request body that requests themselves decide."""


def _all_names(value: Any) -> Iterator[str]:
    """Every key of an object, at any depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield str(name)
            yield from _all_names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _all_names(inner)


def _may_hold_a_key(url: URL) -> bool:
    """Whether a query could carry a credential; Azure's api-version, say, does not."""
    return any(
        _NAMES_A_KEY.search(name) or len(value) > _LONGEST_HARMLESS for name, value in url.query.items()
    )


_keyless: ContextVar[bool] = ContextVar("keyless", default=False)


@contextmanager
def without_keys() -> Iterator[None]:
    """What is opened in here is only looked at: it needs no key, and gets none."""
    token = _keyless.set(True)
    try:
        yield
    finally:
        _keyless.reset(token)


@dataclass(frozen=True, slots=True)
class Aside:
    """Marks a setting, or a table, that says nothing of what a model is asked.

    Such are how hard it is pressed, what it may cost, and what is done with answers afterwards; they may
    change while a study that was stopped goes on.
    """


class Prices(Frozen):
    """What a model costs, in any one currency.

    Attributes:
        input_per_million: price of a million tokens read.
        output_per_million: price of a million tokens written.
        batch: the share of these prices that is paid for what is asked in batches.
    """

    input_per_million: Annotated[float, Field(ge=0)]
    output_per_million: Annotated[float, Field(ge=0)]
    batch: Annotated[float, Field(ge=0, le=1)] = Field(default=0.5, exclude_if=lambda share: share == 0.5)

    def cost(self, input_tokens: int, output_tokens: int) -> float:
        """The price of so many tokens."""
        return (input_tokens * self.input_per_million + output_tokens * self.output_per_million) / 1e6

    def of_batches(self) -> "Prices":
        """The prices of what is asked in batches."""
        read, written = self.batch * self.input_per_million, self.batch * self.output_per_million
        return self.model_copy(update={"input_per_million": read, "output_per_million": written})


class EngineSettings(Frozen):
    """Which model, where, and how hard it may be pressed. Keys come from the environment only.

    Attributes:
        lm: ``synthetic/respondent``, ``openai/MODEL`` with ``base_url``, ``local/FOLDER``,
            ``local/FILE.gguf`` or ``local/PACKAGE`` for a model in this process, or any name DSPy knows.
        base_url: one or several addresses of servers of the same model; each persona is asked at one of them,
            a dead one is passed over until it is back, and a slow one gets less.
        endpoint: ``chat`` or ``completions``.
        deployment: a name for the servers under which replies are kept, for servers whose addresses
            change from day to day; the addresses themselves when absent.
        api_key_env: the environment variable that holds the key; in capitals, so that hardly a key itself can
            be typed here.
        concurrency: calls in flight at most; 429s lower it for a while.
        answers_per_call: draws asked for in one call at most (``n``); where the server gives fewer, the rest
            is asked for in further calls. Set 1 for a server that draws all answers of a call with one seed.
        timeout_s: seconds for one attempt.
        max_retries: further attempts after a failed one.
        patience_s: seconds for which a server that has answered may be away; it is waited for, and then the
            run stops. Nothing is lost: run again to go on.
        requests_per_minute: at most so many attempts a minute.
        tokens_per_minute: at most so many tokens a minute, read and written.
        max_calls: stop before the next attempt would exceed this.
        max_tokens_total: stop before the next attempt could exceed this, read and written.
        max_cost: stop before the next attempt could exceed this, in the currency of ``prices``.
        prices: the price table.
        parameters: parameters of the engine itself, such as the synthetic respondent's faults.
        reasoning_effort: how much a reasoning model is to think, in the words of its server (low, minimal,
            none); its own choice when absent.
        extra_body: what stands in every request beside what this project writes, for a server's own
            switches. Both are part of what a reply is stored under, where they are set.
        cluster: a Dask cluster on whose workers the model is reached: its scheduler's address
            (``tcp://host:8786``), or ``local:N`` for N processes here; ``concurrency`` is then of each.
    """

    # A mistyped setting may hold a credential: errors say what is wrong, not what was given.
    model_config = ConfigDict(hide_input_in_errors=True)

    lm: Annotated[str, Field(min_length=1)] = "synthetic/respondent"
    base_url: str | tuple[str, ...] = ()
    endpoint: Literal["chat", "completions"] = "chat"
    deployment: str | None = None
    api_key_env: Annotated[str, OfForm("^[A-Z_][A-Z0-9_]*$", "a name in capitals"), Aside()] | None = None
    concurrency: Annotated[int, Field(ge=1), Aside()] = 16
    answers_per_call: Annotated[int, Field(ge=1), Aside()] = 128
    timeout_s: Annotated[float, Field(gt=0), Aside()] = 60.0
    max_retries: Annotated[int, Field(ge=0), Aside()] = 6
    patience_s: Annotated[float, Field(ge=0), Aside()] = 120.0
    requests_per_minute: Annotated[float, Field(gt=0), Aside()] | None = None
    tokens_per_minute: Annotated[float, Field(gt=0), Aside()] | None = None
    max_calls: Annotated[int, Field(ge=0), Aside()] | None = None
    max_tokens_total: Annotated[int, Field(ge=0), Aside()] | None = None
    max_cost: Annotated[float, Field(ge=0), Aside()] | None = None
    prices: Annotated[Prices | None, Aside()] = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    reasoning_effort: Annotated[str, OfForm("^[a-z_]+$", "a word such as low or none")] | None = None
    extra_body: dict[str, Any] = Field(default_factory=dict)
    cluster: Annotated[str, OfForm(_CLUSTER, _CLUSTERS), Aside()] | None = Field(
        default=None, exclude_if=lambda place: place is None
    )

    @field_validator("cluster")
    @classmethod
    def _without_slash(cls, value: str | None) -> str | None:
        return value and value.removesuffix("/")

    @field_validator("base_url")
    @classmethod
    def _check_addresses(cls, value: str | tuple[str, ...]) -> tuple[str, ...]:
        addresses = (value,) if isinstance(value, str) else value
        for address in addresses:
            url = URL(address)
            if url.user or url.password or url.fragment or _may_hold_a_key(url):
                raise ValueError("base_url must not carry a credential; name its variable in api_key_env")
            if url.path.rstrip("/").endswith("/completions"):
                raise ValueError("base_url must end where /chat/completions is to follow, mostly in /v1")
            if url.scheme not in ("http", "https") or not url.host:
                raise ValueError(
                    f"base_url must begin with http:// or https://, got {url.scheme or 'no scheme'!r}"
                )
        return tuple(address.rstrip("/") for address in addresses)

    @model_validator(mode="after")
    def _check_parameters(self) -> "EngineSettings":
        known = self._own_parameters() if self.parameters else ()
        for name in self.parameters:
            if not known:
                raise ValueError(
                    f"{self.lm} takes no parameters, got {name}; if that is a credential, put it into the "
                    "environment variable that api_key_env names"
                )
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"it takes {', '.join(known)}"
                raise ValueError(f"parameters.{name} is not known to {self.lm}; {hint}")
        return self

    @field_validator("extra_body")
    @classmethod
    def _check_extra(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name in _all_names(value):
            if _NAMES_A_KEY.search(name):
                raise ValueError(
                    f"extra_body.{name} reads like a credential; put it into the environment variable that "
                    "api_key_env names"
                )
        if written := sorted(_WRITTEN & value.keys()):
            raise ValueError(f"extra_body.{written[0]} is written by the way of asking; set it there")
        return value

    @model_validator(mode="after")
    def _check_extra_is_sent(self) -> "EngineSettings":
        if not self.extra:
            return self
        # Imported here: the engines themselves need these settings.
        from value_personas.programs.engines.kinds import engine_kind

        named = "extra_body" if self.extra_body else "reasoning_effort"
        if engine_kind(self.lm).is_free:
            raise ValueError(f"{named} is for models behind a server, and {self.lm} is none")
        return self

    @property
    def extra(self) -> dict[str, Any]:
        """What stands in every request body beside what a request says."""
        effort = {"reasoning_effort": self.reasoning_effort} if self.reasoning_effort else {}
        return self.extra_body | effort

    @model_validator(mode="after")
    def _check_prices(self) -> "EngineSettings":
        if self.max_cost is not None and self.prices is None:
            raise ValueError(
                "max_cost needs a price table: set prices.input_per_million and output_per_million"
            )
        return self

    @property
    def addresses(self) -> tuple[str, ...]:
        """The base URLs, without trailing slashes."""
        return (self.base_url,) if isinstance(self.base_url, str) else self.base_url

    def key(self, variable: str | None = None) -> str | None:
        """The key from the environment; None when no variable is named.

        Args:
            variable: where the settings name none.

        Raises:
            AuthenticationError: when the variable is not set, or holds what cannot be sent.
        """
        variable = self.api_key_env or variable
        if variable is None or _keyless.get():
            return None
        key = os.environ.get(variable, "").strip()
        if not key:
            raise AuthenticationError(f"the environment variable {variable} is not set; export the key in it")
        if not key.isascii() or not key.isprintable():
            raise AuthenticationError(
                f"the environment variable {variable} holds a line break or a character that no key has; "
                "export the key alone in it"
            )
        return key

    def _own_parameters(self) -> tuple[str, ...]:
        """The names of the engine's own parameters; empty where it has none."""
        # Imported here: the engines themselves need these settings.
        from value_personas.programs.engines.kinds import engine_kind

        parameters = engine_kind(self.lm).parameters
        return () if parameters is None else tuple(parameters.model_fields)
