"""How a model in this process is opened; all of it that is known without torch."""

from value_personas.programs.engines.base import EngineKind, Replier, checked
from value_personas.programs.engines.local.parameters import LocalParameters
from value_personas.programs.engines.settings import EngineSettings
from value_personas.signatures import RecipeError


class Local(EngineKind):
    """``local/FOLDER``, ``local/FILE.gguf`` or ``local/PACKAGE``: a language model in this process."""

    parameters = LocalParameters
    is_free = True

    @classmethod
    def opened(cls, settings: EngineSettings, model: str) -> Replier:
        """Load it; seconds."""
        try:
            from value_personas.programs.engines.local.engine import LocalEngine
        except ImportError as error:
            raise RecipeError(
                f"lm = {settings.lm!r} needs {error.name}: pip install 'value-personas[local]'"
            ) from None
        return LocalEngine(model, checked(LocalParameters, settings.parameters))
