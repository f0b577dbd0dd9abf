"""``synthetic/proposer``: stands in for the model that an optimiser asks for better prompts.

It finds out which fields are wanted, and fills them. Some proposals come from a stated pool: good ones, idle
ones and ones that break a rule. The others add sentences to the instruction there is: where the prompt tells
what was wrong with its texts, one that asks for what was missing, else any. So it shows that an optimiser's
search, budget and safeguards work offline; it says nothing of how well real models propose.
"""

import json
import re
import tomllib
from dataclasses import asdict
from functools import cache
from hashlib import blake2b
from importlib.resources import files

import numpy as np
from dspy.lm15 import Request, Response, TextPart
from pydantic import ValidationError

from value_personas.programs.engines.base import EngineKind, InProcess, response_of
from value_personas.programs.engines.replies import Reply
from value_personas.programs.engines.settings import EngineSettings
from value_personas.programs.engines.synthetic.heeding import clauses, heeded_version, read_instruction
from value_personas.programs.engines.synthetic.known_faults import ProposerParameters
from value_personas.signatures import RecipeError

_MARKED = re.compile(r"\[\[ ## (\w+) ## \]\]")
_QUOTED = re.compile(r"`(\w+)`")
_MODULES = re.compile(r"\[\[ ## module_names ## \]\]\s*(\[.*?\])", re.DOTALL)
_GIVEN = re.compile(r"\[\[ ## (?:current|basic)_instruction ## \]\]\s*\n(.*?)(?=\n\s*\[\[ ## )", re.DOTALL)
_ATTEMPTED = re.compile(r"Instruction #\d+: (.+?)(?=»|\"|\n|$)")
"""Instructions that were tried, the best one last."""

_RECOVERED = re.compile(r"recover its answer with probability (\d\.\d+)")
_MOVED = re.compile(r"other answers by (\d+)% of the scale")
_NUMBER, _COUNTRY = "breaks a rule: it contains a number", "breaks a rule: it names a country"

_WELL_RECOVERED, _LITTLE_MOVED = 0.75, 2
"""From here on a remark is no complaint: a probability, and per cent of the scale."""

_REMARK = "An answer to a survey item is put into words, for a reader who then answers as that person."


class SyntheticProposer(EngineKind):
    """A DSPy engine that proposes instructions, from a pool in turn or by adding to the one there is.

    The text of the prompt and the seed decide where in the pool it begins; further draws of the same prompt
    go on from there.

    Args:
        seed: another seed begins elsewhere.
        parameters: fields of ``ProposerParameters``; those left out have their defaults.

    Raises:
        RecipeError: for a parameter that does not exist.

    Attributes:
        identity: the name, the pool's digest, the seed, and how far it listens where it does.
    """

    parameters = ProposerParameters
    is_free = True
    is_synthetic = True

    @classmethod
    def opened(cls, settings: EngineSettings, model: str) -> InProcess:
        """With the seed of the settings."""
        return InProcess(cls(**settings.parameters))

    def __init__(self, *, seed: int = 0, **parameters: object) -> None:
        try:
            given = ProposerParameters.model_validate({"seed": seed, **parameters})
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(map(str, first["loc"]))
            raise RecipeError(
                f"synthetic/proposer: parameter {name!r}: {first['msg']} (got {first['input']!r}); "
                "it takes seed, listening"
            ) from None
        self.seed, self.listening = given.seed, given.listening
        digest = blake2b("\0".join(_pool()).encode(), digest_size=4).hexdigest()
        self.identity = f"synthetic/proposer pool={digest} seed={seed}"
        if self.listening:
            self.identity += f" listening={self.listening:g} clauses={heeded_version()}"

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
        if self.listening:
            rng = np.random.default_rng([int.from_bytes(digest), sample])
            if rng.random() < self.listening:
                return _added_to(prompt, rng)
        return pool[(int.from_bytes(digest) + sample) % len(pool)]


def _added_to(prompt: str, rng: np.random.Generator) -> str:
    """The instruction that a prompt holds with more in it; advice alone where it holds none."""
    given = _GIVEN.search(prompt)
    attempted = _ATTEMPTED.findall(prompt)
    current = given.group(1).strip() if given else attempted[-1].strip() if attempted else ""
    missing = _missing(prompt)
    heeded = asdict(read_instruction(current))
    wanted = [name for name in missing if heeded.get(name, 0.0) < 1.0]
    known = list(clauses())
    features = wanted[:1] if missing else rng.choice(known, size=rng.integers(1, 4), replace=False).tolist()
    said = [str(rng.choice(clauses()[name])) for name in features or ["idle"]]
    return " ".join([current, *(sentence for sentence in said if sentence not in current)]).strip()


def _missing(prompt: str) -> list[str]:
    """What remarks on texts complain of, the gravest first; empty where there are none."""
    recovered = [float(p) for p in _RECOVERED.findall(prompt)]
    if not recovered:
        return []
    moved = [int(share) for share in _MOVED.findall(prompt)]
    lost = _WELL_RECOVERED - sum(recovered) / len(recovered)
    complaints = {
        "numbers": float(_NUMBER in prompt),
        "countries": float(_COUNTRY in prompt),
        "hedge": (sum(moved) / len(moved) - _LITTLE_MOVED) / 10.0 if moved else 0.0,
        "contrast": lost,
        "concreteness": 0.9 * lost,
        "address": 0.8 * lost,
    }
    gravest = sorted(complaints, key=lambda name: -complaints[name])
    return [name for name in gravest if complaints[name] > 0.0] or ["idle"]


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
