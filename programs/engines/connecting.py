"""From a recipe's settings to a model that can be asked."""

from collections.abc import Callable

from value_personas.programs.engines.base import Replier, as_replier
from value_personas.programs.engines.kinds import ENGINES, engine_kind
from value_personas.programs.engines.model import Model
from value_personas.programs.engines.replies import AnswerStore
from value_personas.programs.engines.settings import EngineSettings
from value_personas.programs.engines.through_dspy import ThroughDSPy, is_known
from value_personas.programs.engines.waiting import Tell, nobody
from value_personas.signatures import RecipeError


def connect(
    settings: EngineSettings,
    store: AnswerStore | None = None,
    around: Callable[[Replier], Replier] = lambda engine: engine,
    tell: Tell = nobody,
) -> Model:
    """Make a model of its settings. Nothing is sent yet.

    Args:
        settings: which model, where, and its limits.
        store: keeps every reply; one in memory when absent.
        around: wraps the engine itself, beneath the retries: what it makes is called once an attempt.
        tell: shows one line to whoever watches.

    Raises:
        RecipeError: for a provider that is not known, or settings that do not fit it.
        AuthenticationError: when the variable that should hold the key is not set.
    """
    _, _, model = settings.lm.partition("/")
    if not model:
        raise RecipeError(f"lm must read PROVIDER/MODEL, got {settings.lm!r}; for example openai/my-model")
    kind = engine_kind(settings.lm)
    if kind is ThroughDSPy:
        _require_known(settings.lm)
    engine = _on_cluster(settings, tell) if settings.cluster else kind.opened(settings, model)
    opened = Model(settings.lm, around(as_replier(engine)), store, settings, tell)
    opened.opened_by = connect, settings
    return opened


def _on_cluster(settings: EngineSettings, tell: Tell) -> Replier:
    """The engine on the workers of a Dask cluster, where it is opened."""
    try:
        from value_personas.programs.engines.cluster.engine import ClusterEngine
    except ImportError as error:
        raise RecipeError(
            f"respondent.cluster needs {error.name}: pip install 'value-personas[cluster]'"
        ) from None
    return ClusterEngine(settings, tell)


def _require_known(lm: str) -> None:
    """Refuse a name that neither an engine of ours nor DSPy knows."""
    provider = f"{lm.partition('/')[0]}/"
    if whole := [name for name in ENGINES if name.startswith(provider)]:
        raise RecipeError(f"lm = {lm!r} is not known; there are {', '.join(whole)}")
    if not is_known(lm):
        known = ", ".join(sorted({f"{name.partition('/')[0]}/" for name in ENGINES}))
        raise RecipeError(f"lm = {lm!r}: no such provider; use {known} or a name that DSPy knows")
