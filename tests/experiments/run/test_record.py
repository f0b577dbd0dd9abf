"""What is written is what is read."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from value_personas.experiments.evaluation.means import HeldOut
from value_personas.experiments.run.record import Result, Sources
from value_personas.experiments.workspace.code_state import CodeState
from value_personas.experiments.workspace.json_file import read_json, write_json
from value_personas.signatures import StoreError

SUMMARY = pd.DataFrame(
    {
        "method": ["none", "country"],
        "score": ["rps", "rps"],
        "mean": [0.1 + 0.2, np.nan],
        "lower": [1e-17, np.nan],
        "upper": [2 / 3, np.inf],
    }
)


def result(**changes: object) -> Result:
    floor = pd.Series({"rps": 1 / 3, "variance_ratio": np.nan})
    said = {
        "name": "mine",
        "title": "mine · 1 country × 1 question",
        "leaks": (),
        "synthetic": ("respondent",),
        "summary": SUMMARY,
        "floor": pd.Series({"rps": np.nan}),
        "held_out": HeldOut(summary=SUMMARY, floor=floor, countries=2, questions=3),
        "missing": {"none": {"refusal": 3}},
        "usage": {"calls": 4, "cost": 0.25},
        "notes": ("Überall „ok“",),
    }
    return Result.model_validate(said | changes)


def test_every_digit_comes_back_and_what_is_undefined_stays_so(tmp_path: Path) -> None:
    write_json(tmp_path / "result.json", result())
    again = read_json(tmp_path / "result.json", Result)
    pd.testing.assert_frame_equal(again.summary, SUMMARY.replace(np.inf, np.nan), check_exact=True)
    assert again.held_out is not None
    restored = again.held_out
    assert (restored.countries, restored.questions, restored.floor["rps"]) == (2, 3, 1 / 3)
    assert np.isnan([again.floor["rps"], restored.floor["variance_ratio"]]).all()
    assert again.usage == {"calls": 4, "cost": 0.25}
    text = (tmp_path / "result.json").read_text(encoding="utf-8")
    assert "Überall" in text
    json.loads(text, parse_constant=pytest.fail)  # NaN and Infinity are no JSON


def test_a_table_in_which_nothing_is_defined_is_still_one_of_numbers(tmp_path: Path) -> None:
    blank = SUMMARY.assign(mean=np.nan, lower=np.nan, upper=np.nan)
    write_json(tmp_path / "a.json", result(summary=blank))
    assert read_json(tmp_path / "a.json", Result).summary["mean"].dtype == np.float64


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "absent"),
        ("", "no JSON object"),
        ("[" * 100_000, "no JSON object"),
        ("{}", "inputs"),
        ('{"inputs": [], "surprise": 1}', "surprise"),
        ('{"inputs": [], "code": {"changed": true}}', "code.changed"),
    ],
)
def test_what_a_class_does_not_know_is_refused(tmp_path: Path, text: str | None, said: str) -> None:
    if text is not None:
        (tmp_path / "sources.json").write_text(text)
    with pytest.raises(StoreError, match=rf"sources\.json: .*{said}") as error:
        read_json(tmp_path / "sources.json", Sources)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (CodeState.of("1", "abc", "a patch"), "commit abc with uncommitted changes"),
        (CodeState.of("1", "abc", ""), "commit abc"),
        (CodeState.of("1", "not a git checkout", ""), "an installed copy, commit not recorded"),
    ],
)
def test_the_code_is_named_with_its_changes(state: CodeState, said: str) -> None:
    assert str(state) == said
    assert CodeState.model_validate_json(state.model_dump_json()) == state.model_copy(update={"diff": ""})
    assert str(CodeState()) == "an installed copy, commit not recorded"
