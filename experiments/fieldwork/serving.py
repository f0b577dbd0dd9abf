"""The prompts of a run or a tuning as a model that MLflow serves: a person's values and a question, answered.

The model is a folder of text: ``served_model.py``, which MLflow loads, and JSON beside it. Nothing of it is
pickled, and no respondent is in it: whoever asks says whose values the person holds.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from shutil import copyfile
from typing import Any

import numpy as np
import pandas as pd

from value_personas.experiments.fieldwork.asking import ask_everything
from value_personas.experiments.fieldwork.fieldwork import Fieldwork
from value_personas.experiments.fieldwork.preparing import Asking, asking_of
from value_personas.experiments.fieldwork.prompt_file import TunedProgram
from value_personas.experiments.recipe.personas import PersonaKind
from value_personas.experiments.recipe.recipe import DescriptorSection, Recipe, RespondentSection
from value_personas.experiments.workspace.folders import PROGRAM_FILE, Workspace, replace_text
from value_personas.experiments.workspace.json_file import FileModel, in_one_line, read_json, write_json
from value_personas.experiments.workspace.passwords import without_passwords
from value_personas.programs import REASONS, PopulationSample
from value_personas.programs.engines import nobody
from value_personas.programs.personas import parse_kind
from value_personas.signatures import Frozen, Profile, Question, RecipeError, Scale, ValueItem

MODEL_FOLDER = "model"
"""Of a run's folder, and among its artifacts."""

_CODE, _SAID, _DESCRIPTORS = "served_model.py", "model.json", "descriptors.csv"

_ANSWERED = (
    {"type": "array", "items": {"type": "double"}, "name": "probabilities", "required": True},
    {"type": "string", "name": "missing", "required": True},
)


class _Said(FileModel):
    """``model.json``.

    Attributes:
        kind: the persona kind that is asked.
        recipe: how: the sections of a recipe that matter here.
        items: of a profile.
    """

    kind: PersonaKind
    recipe: dict[str, Any]
    items: tuple[ValueItem, ...]


def served_kind(kinds: tuple[PersonaKind, ...]) -> PersonaKind | None:
    """Which of a run's kinds a model can ask as: the last whose descriptors tell a person's own values."""
    specs = [parse_kind(kind) for kind in kinds]
    own = [s.name for s in specs if s.variant and s.population == "own" and not s.of_individuals]
    return own[-1] if own else None


def write_model(
    folder: Path,
    recipe: Recipe,
    kind: PersonaKind,
    items: tuple[ValueItem, ...],
    question: Question,
    program: TunedProgram | None = None,
    descriptors: Path | None = None,
) -> None:
    """Write a model's folder.

    Args:
        folder: is made.
        recipe: which model is asked and how; its caps and its cluster were the run's own.
        kind: what is asked.
        items: of the profiles.
        question: of the input example.
        program: tuned prompts.
        descriptors: a table of a run's; without it the model writes them when it is first asked.
    """
    folder.mkdir(parents=True, exist_ok=True)
    copyfile(Path(__file__).with_name(_CODE), folder / _CODE)
    kept = [_SAID]
    if program is not None:
        program.save(folder / PROGRAM_FILE)
        kept.append(PROGRAM_FILE)
    if descriptors is not None:
        copyfile(descriptors, folder / _DESCRIPTORS)
        kept.append(_DESCRIPTORS)
    asked = recipe.model_copy(update=_told(recipe.respondent, recipe.descriptors))
    kept_of_it = {"name", "seed", "respondent", "descriptors", "persona_text"}
    said = without_passwords(asked.model_dump(mode="json", include=kept_of_it))
    write_json(folder / _SAID, _Said(kind=kind, recipe=said, items=items))
    example = {"question": question.text, "options": list(question.scale.labels)} | {
        item.code: item.scale.scores[0] for item in items
    }
    table = {"columns": list(example), "data": [list(example.values())]}
    _write(folder / "input_example.json", table)
    _write(folder / "serving_input_example.json", {"dataframe_split": table})
    needs = [f"{name}=={version(name)}" for name in ("mlflow", "value-personas")]
    replace_text(folder / "requirements.txt", "\n".join(needs) + "\n")
    _write(folder / "python_env.yaml", {"python": python_version(), "dependencies": ["-r requirements.txt"]})
    _write(folder / "MLmodel", _mlmodel(items, kept))


def _write(path: Path, content: object) -> None:
    """JSON, which is YAML too."""
    replace_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _told(respondent: RespondentSection, descriptors: DescriptorSection) -> dict[str, Frozen]:
    """How a model asks wherever it is served: caps and cluster were the run's own."""
    without: dict[str, Any] = {"max_calls": None, "max_tokens_total": None, "max_cost": None, "cluster": None}
    if respondent.option_order == "balanced":  # else a row's answer would hang on its place
        without["option_order"] = "both"
    return {
        "respondent": respondent.model_copy(update=without),
        "descriptors": descriptors.model_copy(update={"frozen": None, "overrides": None}),
    }


def _mlmodel(items: tuple[ValueItem, ...], kept: list[str]) -> dict[str, Any]:
    """What MLflow's own ``save_model`` writes of a model from code, without the places it was made at."""
    inputs = [
        {"type": "string", "name": "question", "required": True},
        {"type": "array", "items": {"type": "string"}, "name": "options", "required": True},
        {"type": "string", "name": "country", "required": False},
        *({"type": "double", "name": item.code, "required": False} for item in items),
    ]
    example = {"artifact_path": "input_example.json", "pandas_orient": "split", "type": "dataframe"}
    return {
        "flavors": {
            "python_function": {
                "loader_module": "mlflow.pyfunc.loaders.code_model",
                "model_code_path": _CODE,
                "artifacts": {Path(name).stem: {"path": name, "uri": name} for name in kept},
                "env": {"virtualenv": "python_env.yaml"},
                "python_version": python_version(),
                "code": None,
                "streamable": False,
            }
        },
        "mlflow_version": version("mlflow"),
        "signature": {"inputs": json.dumps(inputs), "outputs": json.dumps(_ANSWERED), "params": None},
        "saved_input_example_info": example | {"serving_input_path": "serving_input_example.json"},
    }


class ServedModel:
    """Answers questions as the persons of a table.

    Replies are kept in ``.value-personas`` of the folder that it is served from, as every command keeps them.

    Args:
        folder: of the model.

    Raises:
        StoreError: when a file of it is damaged or of another version.
        RecipeError: likewise, of the tuned prompts.
    """

    def __init__(self, folder: Path) -> None:
        said = read_json(folder / _SAID, _Said)
        with in_one_line(folder / _SAID):
            recipe = Recipe.model_validate(said.recipe)
        table, program = folder / _DESCRIPTORS, folder / PROGRAM_FILE
        written = {"frozen": table} if table.is_file() else {}
        self._recipe = recipe.model_copy(
            update={
                "descriptors": recipe.descriptors.model_copy(update=written),
                "program": str(program) if program.is_file() else None,
            }
        )
        self.kind, self.items = said.kind, said.items

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Ask each row's question as its person.

        Args:
            frame: a row a person and question. Columns question (text), options (a list of texts, in the
                order of the scale), one for each item by its code (the stored code of the answer, NaN where
                there is none), and country (its name), which a kind that names it needs.

        Returns:
            A row each: probabilities (a list, in the order of the options; NaN where there is no answer) and
            missing (why; empty where there is one).

        Raises:
            RecipeError: for a row that is not such.
            EngineError: when the model cannot answer at all.
        """
        rows = [_Row.of(place, row, self) for place, row in enumerate(frame.to_dict("records"))]
        answers: dict[int, tuple[list[float], str]] = {}
        workspace = Workspace.open(self._recipe.workspace)
        with Fieldwork(workspace, nobody, self._recipe.store) as field:
            for question in dict.fromkeys(row.question for row in rows):
                some = [row for row in rows if row.question == question]
                answers |= dict(self._asked(field, question, some))
        told = [answers[place] for place in range(len(rows))]
        return pd.DataFrame({"probabilities": [p for p, _ in told], "missing": [why for _, why in told]})

    def _asked(
        self, field: Fieldwork, question: Question, rows: list["_Row"]
    ) -> Iterator[tuple[int, tuple[list[float], str]]]:
        samples = tuple(PopulationSample(str(r.place), r.country, (r.profile,), (1.0,)) for r in rows)
        kinds = (self.kind,)
        asking: Asking = asking_of(self._recipe, field.workspace, kinds, samples, self.items, (question,))
        asked = ask_everything(field, replace(asking, on_map=()), lambda kind, n, total: None)
        panel = asked.panels[self.kind]
        for row in rows:
            of_row = [i for i, persona in enumerate(panel.personas) if persona.country == str(row.place)]
            p = np.exp(panel.log_p[of_row, 0]).mean(axis=0)
            code = int(panel.missing[of_row, 0].max())
            yield row.place, (p.tolist(), REASONS[code].value if code >= 0 else "")


class _Row:
    """One row of a table, checked."""

    def __init__(self, place: int, question: Question, profile: Profile, country: str) -> None:
        self.place, self.question, self.profile, self.country = place, question, profile, country

    @classmethod
    def of(cls, place: int, row: Mapping[Any, Any], model: ServedModel) -> "_Row":
        text, options = row.get("question"), row.get("options")
        if not isinstance(text, str) or not text.strip():
            raise RecipeError(f"row {place}: question: expected a text, got {text!r}")
        labels = tuple(map(str, options)) if isinstance(options, list | tuple | np.ndarray) else ()
        try:
            scale = Scale(labels, tuple(map(float, range(1, len(labels) + 1))))
        except ValueError:
            raise RecipeError(
                f"row {place}: options: expected a list of two texts or more, all different, got {options!r}"
            ) from None
        told = {item.code: row.get(item.code) for item in model.items}
        known = {code: float(value) for code, value in told.items() if value is not None and value == value}
        for item in model.items:
            if item.code in known and known[item.code] not in item.scale.scores:
                codes = ", ".join(f"{score:g}" for score in item.scale.scores)
                raise RecipeError(
                    f"row {place}: {item.code}: expected one of {codes}, got {told[item.code]!r}"
                )
        if not known:
            raise RecipeError(f"row {place}: no answer to any of {', '.join(told)}")
        country = named if isinstance(named := row.get("country"), str) else ""
        if not country and parse_kind(model.kind).names_country:
            raise RecipeError(f"row {place}: country: {model.kind} names it; expected its name")
        profile = Profile(tuple(known), tuple(known.values()))
        return cls(
            place, Question("asked", text, scale), profile, country if isinstance(country, str) else ""
        )
