"""Saved programs: what is read back, and everything that is refused."""

import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from value_personas import load_recipe
from value_personas.experiments.fieldwork.prompt_file import (
    FittedOn,
    TunedProgram,
    read_program,
    signature_hash,
)
from value_personas.programs.descriptor_writer import DescriptorWriter
from value_personas.signatures import HedgedDescriptor, Question, RecipeError, Scale

SCALE = Scale(("yes", "no"), (1.0, 2.0))

DEMO = {
    "augmented": True,
    "item": "how happy you are",
    "scale": ["very", "not"],
    "answer": "very",
    "neighbours": ["not"],
    "composite": False,
    "address": "you",
    "descriptor": "Happiness is something you feel.",
}


def content(**changes: Any) -> dict[str, Any]:
    prompt = {
        "signature": signature_hash(HedgedDescriptor),
        "instructions": "Imply nothing else.",
        "demos": [DEMO],
    }
    fitted = {"training": [["XNA", "Q1"]], "validation": [["XNB", "Q6"]], "survey": "0", "optimizer": "gepa"}
    return {
        "format": "value-personas program",
        "version": 1,
        "kind": "values-hedged",
        "improved": True,
        "predictors": {"writer.write": prompt},
        "fitted_on": fitted | {"seed": 0, "calls": 9},
    } | changes


def written(folder: Path, what: Any) -> Path:
    path = folder / "program.json"
    path.write_text(json.dumps(what), encoding="utf-8")
    return path


def test_a_program_is_read_back_as_it_was_saved_and_applied(tmp_path: Path) -> None:
    program = read_program(written(tmp_path, content()))
    program.save(tmp_path / "again.json")
    assert read_program(tmp_path / "again.json") == program
    writer = DescriptorWriter("hedged")
    program.predictors["writer.write"].apply(writer.write, "writer.write")
    assert writer.write.signature.instructions == "Imply nothing else."
    assert dict(writer.write.demos[0]) == DEMO
    assert program.variant == "hedged"


@pytest.mark.parametrize(
    ("what", "complaint"),
    [
        ([], "not a value-personas program"),
        ({"writer.write": {"signature": {}}}, "not a value-personas program"),
        (content(version=2), "version 2 of the format, expected 1"),
        (content(code="import os"), "code: Extra inputs"),
        (content(predictors={"writer.__class__": {}}), "writer.__class__"),
        (content(improved="yes"), "improved"),
        (content(kind="values-hedged+astrology"), "kind"),
    ],
)
def test_anything_else_gets_one_clear_line(tmp_path: Path, what: Any, complaint: str) -> None:
    with pytest.raises(RecipeError, match=complaint) as refused:
        read_program(written(tmp_path, what))
    assert "\n" not in str(refused.value)


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "executed",))

    path = tmp_path / "program.pkl"
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(RecipeError, match="never a pickle"):
        read_program(path)
    assert not (tmp_path / "executed").exists()


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")  # a reader would wait for ever
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(RecipeError, match="not a file"):
            read_program(path)
    with pytest.raises(RecipeError, match="No such file"):
        read_program(tmp_path / "nothing.json")


def applied(path: Path) -> None:
    read_program(path).predictors["writer.write"].apply(DescriptorWriter("hedged").write, "writer.write")


@pytest.mark.parametrize(
    "text", ["", "Say {answer}.", "[[ ## item ## ]]", "\x1b[31mred", "\u202eto the left"]
)
def test_a_prompt_that_no_tuning_would_try_is_not_applied(tmp_path: Path, text: str) -> None:
    changed = content()
    changed["predictors"]["writer.write"]["instructions"] = text
    with pytest.raises(RecipeError) as refused:
        applied(written(tmp_path, changed))
    assert "\n" not in str(refused.value)
    assert "\x1b" not in str(refused.value)


def test_a_number_of_too_many_digits_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "program.json"
    path.write_text('{"version": ' + "1" * 5000 + "}", encoding="utf-8")
    with pytest.raises(RecipeError, match="no JSON"):
        read_program(path)


def test_half_a_character_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "program.json"
    text = json.dumps(content()).replace("Imply nothing else.", "Imply \\ud800 nothing.")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecipeError) as refused:
        read_program(path)
    assert "\n" not in str(refused.value)


def test_a_prompt_for_other_fields_is_not_applied(tmp_path: Path) -> None:
    changed = content()
    changed["predictors"]["writer.write"]["signature"] = "0" * 12
    program: TunedProgram = read_program(written(tmp_path, changed))
    with pytest.raises(RecipeError, match="tuned for other fields"):
        program.predictors["writer.write"].apply(DescriptorWriter("hedged").write, "writer.write")


def test_a_demonstration_of_an_unknown_field_is_not_applied(tmp_path: Path) -> None:
    changed = content()
    changed["predictors"]["writer.write"]["demos"] = [DEMO | {"mood": "calm"}]
    program = read_program(written(tmp_path, changed))
    with pytest.raises(RecipeError, match="unknown field mood"):
        program.predictors["writer.write"].apply(DescriptorWriter("hedged").write, "writer.write")


@pytest.mark.parametrize(
    ("country", "question", "part"),
    [
        ("XNA", Question("Q9", "?", SCALE), "training"),  # the country alone was seen
        ("XNZ", Question("Q1", "?", SCALE), "training"),  # the question alone
        ("XNA", Question("Q6", "?", SCALE), "training"),  # each in another part
        ("XNB", Question("Q9", "?", SCALE), "validation"),
        ("XNZ", Question("v72", "?", SCALE, ivs="D001"), "training"),  # the same question in another survey
        ("XNZ", Question("Q2", "?", SCALE, battery="family"), "training"),  # too like one that was seen
        ("XNZ", Question("Q9", "?", SCALE, battery="work"), "no"),
    ],
)
def test_a_cell_is_held_out_where_neither_its_country_nor_its_question_was_seen(
    country: str, question: Question, part: str
) -> None:
    seen = FittedOn(
        training=[("XNA", "Q1")],
        validation=[("XNB", "Q6")],
        aliases={"Q1": ["D001", "family"]},
        survey="0",
        optimizer="gepa",
        seed=0,
        calls=9,
    )
    assert seen.part_of(country, question) == part


def test_a_program_serves_the_kinds_that_rest_on_its_prompts(tmp_path: Path) -> None:
    program = read_program(written(tmp_path, content()))
    kinds = ("values-hedged", "values+country", "values-unhedged", "country", "none")
    assert [program.serves(kind) for kind in kinds] == [True, True, False, False, False]
    asks = content()
    asks["predictors"]["respondent.answer"] = asks["predictors"]["writer.write"]
    assert all(read_program(written(tmp_path, asks)).serves(kind) for kind in kinds)


def test_a_recipe_file_s_program_lies_beside_it_and_a_registered_one_nowhere(tmp_path: Path) -> None:
    for program, read in (("mine.json", str(tmp_path / "mine.json")), ("models:/m/1", "models:/m/1")):
        (tmp_path / "r.toml").write_text(f'program = "{program}"\n', encoding="utf-8")
        assert load_recipe(tmp_path / "r.toml").program == read
