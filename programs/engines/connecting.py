"""From a recipe's settings to a model that can be asked."""

import os
from collections.abc import Callable

from pydantic import ValidationError

from value_personas.programs.engines.base import Engine, InProcess, Replier, as_replier
from value_personas.programs.engines.model import Model
from value_personas.programs.engines.openai_http import OpenAIHTTP
from value_personas.programs.engines.replies import AnswerStore
from value_personas.programs.engines.settings import EngineSettings
from value_personas.signatures import AuthenticationError, RecipeError

__all__ = ["connect"]

_OPENAI = "https://api.openai.com/v1"


def connect(
    settings: EngineSettings,
    store: AnswerStore | None = None,
    around: Callable[[Replier], Replier] = lambda engine: engine,
) -> Model:
    """Make a model of its settings. Nothing is sent yet.

    Args:
        settings: which model, where, and its limits.
        store: keeps every reply; one in memory when absent.
        around: wraps the engine itself, beneath the retries: what it makes is called once an attempt.

    Raises:
        RecipeError: for a provider that is not known, or settings that do not fit it.
        AuthenticationError: when the variable that should hold the key is not set.
    """
    provider, _, model = settings.lm.partition("/")
    if not model:
        raise RecipeError(f"lm must read PROVIDER/MODEL, got {settings.lm!r}; for example openai/my-model")
    engine = as_replier(_MAKERS.get(provider, _through_dspy)(settings, model))
    return Model(settings.lm, around(engine), store, settings)


def _synthetic(settings: EngineSettings, model: str) -> Replier:
    # Often not needed.
    from value_personas.programs.engines.synthetic import (
        AsyncSyntheticRespondent,
        SyntheticProposer,
        SyntheticRespondent,
    )

    if model == "proposer":
        return InProcess(SyntheticProposer(**settings.parameters))
    if model != "respondent":
        raise RecipeError(
            f"lm = {settings.lm!r} is not known; the embedded ones are synthetic/respondent and, to propose "
            "prompts, synthetic/proposer"
        )
    return AsyncSyntheticRespondent(SyntheticRespondent(**settings.parameters))


def _openai_http(settings: EngineSettings, model: str) -> Replier:
    variable = settings.api_key_env
    addresses = settings.addresses
    if not addresses:
        if settings.lm.partition("/")[0] != "openai":
            raise RecipeError(f"lm = {settings.lm!r} needs base_url, for example http://127.0.0.1:8000/v1")
        addresses, variable = (_OPENAI,), variable or "OPENAI_API_KEY"
    return OpenAIHTTP(model, addresses, _key(variable), settings.endpoint, settings.deployment)


def _local(settings: EngineSettings, model: str) -> Replier:
    try:
        from value_personas.programs.engines.local.engine import LocalEngine
        from value_personas.programs.engines.local.parameters import LocalParameters
    except ImportError as error:
        raise RecipeError(
            f"lm = {settings.lm!r} needs {error.name}: pip install 'value-personas[local]'"
        ) from None
    try:
        parameters = LocalParameters(**settings.parameters)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise RecipeError(f"parameters.{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}") from None
    return LocalEngine(model, parameters)


def _through_dspy(settings: EngineSettings, model: str) -> Engine:
    from value_personas.programs.engines.through_dspy import ThroughDSPy, is_known

    if not is_known(settings.lm):
        known = ", ".join(sorted(f"{name}/" for name in _MAKERS))
        raise RecipeError(f"lm = {settings.lm!r}: no such provider; use {known} or a name that DSPy knows")
    options = {"api_base": settings.addresses[0]} if settings.addresses else {}
    if settings.api_key_env:
        options["api_key"] = _key(settings.api_key_env) or ""
    return ThroughDSPy(settings.lm, **options)


_MAKERS: dict[str, Callable[[EngineSettings, str], Engine | Replier]] = {
    "local": _local,
    "synthetic": _synthetic,
    "openai": _openai_http,
    "openai_http": _openai_http,
    "hosted_vllm": _openai_http,
    "vllm": _openai_http,
}


def _key(variable: str | None) -> str | None:
    """The key from the environment; None when no variable is named."""
    if variable is None:
        return None
    key = os.environ.get(variable, "").strip()
    if not key:
        raise AuthenticationError(f"the environment variable {variable} is not set; export the key in it")
    return key
