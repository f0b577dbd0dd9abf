"""A tuned program as JSON: its prompts, what they were fitted on, and nothing that could be executed."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import dspy
from pydantic import ConfigDict, Field, JsonValue, ValidationError

from value_personas.experiments.recipe.personas import PersonaKind
from value_personas.programs import Variant, proposal_problems, signature_of
from value_personas.programs.personas import parse_kind
from value_personas.signatures import Frozen, Question, RecipeError

FORMAT: Literal["value-personas program"] = "value-personas program"
VERSION: Literal[1] = 1

FittedPart = Literal["no", "training", "validation"]

_LARGEST = 2_000_000
"""Bytes; a program of the longest instructions and sixteen demonstrations is far below."""


class _Strict(Frozen):
    model_config = ConfigDict(strict=True)


class PredictorPrompt(_Strict):
    """The prompt of one predictor.

    Attributes:
        signature: the hash of its fields; a prompt is only used with the fields it was tuned for.
        instructions: the instruction.
        demos: demonstrations, field → value.
    """

    signature: str
    instructions: Annotated[str, Field(min_length=1, max_length=40_000)]
    demos: list[dict[str, JsonValue]] = Field(default_factory=list, max_length=64)

    def apply(self, predictor: dspy.Predict, name: str) -> None:
        """Give a predictor this prompt.

        Raises:
            RecipeError: when it was tuned for other fields, or breaks a rule of prompts.
        """
        declared = signature_of(predictor)
        if self.signature != signature_hash(declared):
            raise RecipeError(
                f"program: {name} was tuned for other fields than {', '.join(declared.fields)}; "
                "tune it again with this version"
            )
        proposed = declared.with_instructions(self.instructions)
        if problems := proposal_problems(proposed, declared, 40_000):
            raise RecipeError(f"program: {name}: {problems[0]}")
        unknown = {field for demo in self.demos for field in demo} - {*declared.fields, "augmented"}
        if unknown:
            raise RecipeError(f"program: {name}: a demonstration has the unknown field {sorted(unknown)[0]}")
        predictor.signature = proposed
        predictor.demos = [dspy.Example(**demo) for demo in self.demos]


class FittedOn(_Strict):
    """What a program has seen, so that no cell of it is called held-out later.

    Attributes:
        training: (country, question) cells it learnt from.
        validation: cells it was chosen on.
        aliases: question → its IVS code and its battery: the same question in another survey, and questions
            too alike to be held out from it.
        survey: the digest of the survey's files.
        optimizer: by name.
        seed: of the recipe.
        calls: calls used.
    """

    training: list[tuple[str, str]]
    validation: list[tuple[str, str]]
    aliases: dict[str, list[str]] = Field(default_factory=dict)
    survey: str
    optimizer: str
    seed: int
    calls: int

    def part_of(self, country: str, question: Question) -> FittedPart:
        """Which part in the tuning a cell had, by its country or its question.

        A cell is held-out (``no``) only where neither had any: answers of a country to other questions, and
        of other countries to a question, tell of the cell too. What was seen in training counts first.
        """
        names = aliases_of(question) | {question.code}
        seen: tuple[tuple[FittedPart, list[tuple[str, str]]], ...] = (
            ("training", self.training),
            ("validation", self.validation),
        )
        for part, cells in seen:
            if any(country == c or names & {code, *self.aliases.get(code, ())} for c, code in cells):
                return part
        return "no"

    def after(self, earlier: "FittedOn | None") -> "FittedOn":
        """The same, with what the prompts that it started from had seen."""
        if earlier is None:
            return self
        return self.model_copy(
            update={
                "training": list(dict.fromkeys([*self.training, *earlier.training])),
                "validation": list(dict.fromkeys([*self.validation, *earlier.validation])),
                "aliases": earlier.aliases | self.aliases,
            }
        )


class TunedProgram(_Strict):
    """A saved program.

    Attributes:
        format: marks the file.
        version: of the format.
        kind: the persona kind it was tuned as.
        improved: whether tuning found prompts better than the original's; else these are the original's.
        predictors: predictor → prompt.
        fitted_on: what it has seen.
    """

    format: Literal["value-personas program"] = FORMAT
    version: Literal[1] = VERSION
    kind: PersonaKind
    improved: bool
    predictors: dict[Literal["writer.write", "respondent.answer"], PredictorPrompt]
    fitted_on: FittedOn

    @property
    def variant(self) -> Variant | None:
        """Which descriptors its prompt writes."""
        return parse_kind(self.kind).variant

    def serves(self, kind: str) -> bool:
        """Whether personas of a kind rest on its prompts: their descriptors, or how they are asked."""
        writes = "writer.write" in self.predictors and parse_kind(kind).variant == self.variant
        return writes or "respondent.answer" in self.predictors

    def save(self, path: Path) -> None:
        """Write it."""
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_program(path: Path) -> TunedProgram:
    """Read a saved program.

    Raises:
        RecipeError: when it is no JSON of this format and version; nothing of it is ever executed.
    """
    try:
        if path.exists() and not path.is_file():
            raise RecipeError(f"program {path}: not a file; give a program.json as tuning writes it")
        if path.stat().st_size > _LARGEST:
            raise RecipeError(f"program {path}: larger than any program ({_LARGEST} bytes)")
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise RecipeError(f"program {path}: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise RecipeError(
            f"program {path}: no JSON; give a program.json as tuning writes it, never a pickle"
        ) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise RecipeError(f"program {path}: not a {FORMAT}; give a program.json as tuning writes it")
    if content.get("version") != VERSION:
        raise RecipeError(
            f"program {path}: version {content.get('version')!r} of the format, expected {VERSION}"
        )
    try:
        return TunedProgram.model_validate_json(json.dumps(content))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RecipeError(f"program {path}: {where}: {first['msg']}") from None


def aliases_of(question: Question) -> set[str]:
    """The names, besides its code, by which a question or one too like it may be known again."""
    return {name for name in (question.ivs, question.battery) if name}


def signature_hash(signature: type[dspy.Signature]) -> str:
    """Twelve hexadecimal digits that change with any field's name, type or description."""
    fields: Mapping[str, object] = {
        name: [str(field.annotation), cast("dict[str, Any]", field.json_schema_extra).get("desc")]
        for name, field in signature.fields.items()
    }
    return sha256(json.dumps(fields).encode()).hexdigest()[:12]
