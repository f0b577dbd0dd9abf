"""``synthetic/proposer``: stands in for the model that an optimiser asks for better prompts.

It understands nothing of what it reads. It finds out which fields are wanted, and fills them from a stated
pool of proposals: good ones, idle ones and ones that break a rule. So it shows that an optimiser's search,
budget and safeguards work offline; it says nothing of how well real models propose.
"""

import json
import re
import tomllib
from functools import cache
from hashlib import blake2b
from importlib.resources import files

from dspy.lm15 import Request, Response, TextPart

from value_personas.programs.engines.base import EngineKind, InProcess, response_of
from value_personas.programs.engines.replies import Reply
from value_personas.programs.engines.settings import EngineSettings
from value_personas.programs.engines.synthetic.known_faults import Seed
from value_personas.signatures import RecipeError

__all__ = ["SyntheticProposer"]

_MARKED = re.compile(r"\[\[ ## (\w+) ## \]\]")
_QUOTED = re.compile(r"`(\w+)`")
_MODULES = re.compile(r"\[\[ ## module_names ## \]\]\s*(\[.*?\])", re.DOTALL)
_REMARK = "An answer to a survey item is put into words, for a reader who then answers as that person."


class SyntheticProposer(EngineKind):
    """A DSPy engine that proposes instructions from a pool, in turn.

    The text of the prompt and the seed decide where in the pool it begins; further draws of the same prompt
    go on from there.

    Args:
        seed: another seed begins elsewhere.

    Raises:
        RecipeError: for a parameter that does not exist.

    Attributes:
        identity: the name, the pool's digest and the seed.
    """

    parameters = Seed
    is_free = True
    is_synthetic = True

    @classmethod
    def opened(cls, settings: EngineSettings, model: str) -> InProcess:
        """With the seed of the settings."""
        return InProcess(cls(**settings.parameters))

    def __init__(self, *, seed: int = 0, **parameters: object) -> None:
        if parameters:
            raise RecipeError(f"synthetic/proposer takes one parameter, seed; got {', '.join(parameters)}")
        self.seed = seed
        digest = blake2b("\0".join(_pool()).encode(), digest_size=4).hexdigest()
        self.identity = f"synthetic/proposer pool={digest} seed={seed}"

    def complete(self, request: Request) -> Response:
        """Answer one request."""
        return response_of(self.reply(request), request.model)

    def reply(self, request: Request, sample: int = 0) -> Reply:
        """Answer one request; ``sample`` tells draws of it apart."""
        last = "\n".join(part.text for part in request.messages[-1].parts if isinstance(part, TextPart))
        _, _, form = last.rpartition("Respond with")
        in_json = "JSON object" in form
        wanted = [name for name in (_QUOTED if in_json else _MARKED).findall(form) if name != "completed"]
        values = {name: self._value(name, last, sample) for name in wanted}
        text = json.dumps(values) if in_json else _marked(values)
        return Reply(text, None, "stop", last.count(" ") + 1, text.count(" ") + 1)

    def _value(self, field: str, prompt: str, sample: int) -> object:
        if field == "module_advice":
            found = _MODULES.search(prompt)
            modules = json.loads(found.group(1)) if found else []
            return dict.fromkeys(modules, self._proposal(prompt, sample))
        return self._proposal(prompt, sample) if "instruction" in field else _REMARK

    def _proposal(self, prompt: str, sample: int) -> str:
        pool = _pool()
        digest = blake2b(f"{self.seed} {prompt}".encode(), digest_size=8).digest()
        return pool[(int.from_bytes(digest) + sample) % len(pool)]


@cache
def _pool() -> tuple[str, ...]:
    text = (
        files("value_personas.programs.engines.synthetic")
        .joinpath("proposals.toml")
        .read_text(encoding="utf-8")
    )
    return tuple(entry["text"] * entry.get("repeat", 1) for entry in tomllib.loads(text)["proposals"])


def _marked(values: dict[str, object]) -> str:
    parts = [
        f"[[ ## {name} ## ]]\n{value if isinstance(value, str) else json.dumps(value)}"
        for name, value in values.items()
    ]
    return "\n\n".join([*parts, "[[ ## completed ## ]]"])
