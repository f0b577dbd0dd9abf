"""What a run or a tuning asked by, as a model that MLflow loads and serves."""

import json
import math
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest

from tests.experiments.fieldwork.test_prompt_file import content
from tests.experiments.small_runs import small_run
from tests.experiments.tuning.tunings import HEDGED, tuned
from value_personas import RunResult
from value_personas.data import load_instrument
from value_personas.experiments.evaluation.answers import Answers, panel_file
from value_personas.experiments.fieldwork.serving import ServedModel, served_kind
from value_personas.experiments.workspace.folders import Workspace
from value_personas.signatures import RecipeError

pytestmark = pytest.mark.filterwarnings("ignore:.*type hint:UserWarning")  # of mlflow.pyfunc's own classes


@pytest.fixture
def served(finished: RunResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ServedModel:
    monkeypatch.chdir(tmp_path)  # replies are kept where it is served
    return ServedModel(finished.folder / "model")


def example(folder: Path) -> pd.DataFrame:
    told = json.loads((folder / "input_example.json").read_text())
    return pd.DataFrame(told["data"], columns=told["columns"])


def test_mlflow_loads_it_from_a_runs_artifacts_and_predicts(
    finished: RunResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", Workspace.open(finished.recipe.workspace).tracking_uri)
    model = mlflow.pyfunc.load_model(f"runs:/{finished.mlflow_run_id}/model")
    inputs = model.metadata.get_input_schema()
    assert inputs.input_names()[:3] == ["question", "options", "country"]
    items = {item.code for item in load_instrument("inglehart-welzel").items}
    assert set(inputs.input_names()[3:]) == items
    answered = model.predict(model.input_example)
    assert list(answered.columns) == model.metadata.get_output_schema().input_names()
    assert answered["missing"].tolist() == [""]
    assert math.isclose(sum(answered["probabilities"][0]), 1)


def test_a_person_is_answered_for_as_in_the_run(finished: RunResult, served: ServedModel) -> None:
    told = pd.read_parquet(finished.folder / "personas.parquet")
    told = told[told["kind"] == served.kind].reset_index(drop=True)
    asked = json.loads((finished.folder / "questions.json").read_text())["questions"][1]
    frame = told[[item.code for item in served.items]].assign(
        question=asked["text"], options=[asked["labels"]] * len(told)
    )
    answered = served.predict(frame)
    kept = Answers.load(panel_file(finished.folder, served.kind))
    place, options = kept.questions.index(asked["code"]), len(asked["labels"])
    for row, country, persona in zip(answered.index, told["country"], told["persona"], strict=True):
        log_p = kept.log_p[kept.countries.index(country), place, persona, :options]
        assert answered["probabilities"][row] == pytest.approx(np.exp(log_p).tolist(), abs=1e-12)


def test_rows_are_answered_each_for_itself(served: ServedModel, finished: RunResult) -> None:
    one = example(finished.folder / "model")
    frame = pd.concat([one, one, one], ignore_index=True)
    frame["question"] = [
        "Whether abortion is justifiable",
        "How happy you are",
        "Whether abortion is justifiable",
    ]
    frame["options"] = [
        ["never", "sometimes", "always"],
        ["very", "not at all"],
        ["never", "sometimes", "always"],
    ]
    frame.loc[2, "F120"] = 10.0
    frame.loc[1, "A165"] = float("nan")
    never, happy, always = served.predict(frame)["probabilities"]
    assert (len(never), len(happy)) == (3, 2)
    assert never[0] > 0.9
    assert always[2] > 0.9
    again = served.predict(frame.iloc[[2]])["probabilities"]
    assert again.tolist() == [always]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"F120": 11.0}, r"row 0: F120: expected one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, got 11"),
        ({"question": " "}, "row 0: question: expected a text"),
        ({"options": ["yes"]}, "row 0: options: expected a list of two texts or more"),
        ({"options": "yes, no"}, "row 0: options: expected a list of two texts or more"),
    ],
)
def test_a_row_that_is_none_is_told_of(
    served: ServedModel, finished: RunResult, change: dict[str, object], told: str
) -> None:
    row = example(finished.folder / "model").to_dict("records")[0]
    with pytest.raises(RecipeError, match=told):
        served.predict(pd.DataFrame([row | change]))
    with pytest.raises(RecipeError, match="no answer to any of A008"):
        served.predict(pd.DataFrame([{"question": "?", "options": ["a", "b"]}]))


def test_a_model_holds_texts_alone_and_nothing_of_respondents_or_places(finished: RunResult) -> None:
    files = {path.name: path.read_text("utf-8") for path in (finished.folder / "model").iterdir()}
    assert set(files) == {
        "MLmodel", "descriptors.csv", "input_example.json", "model.json", "python_env.yaml",
        "requirements.txt", "served_model.py", "serving_input_example.json",
    }  # fmt: skip
    assert "pickle" not in "".join(files.values())
    assert str(finished.recipe.workspace) not in "".join(files.values())
    assert json.loads(files["MLmodel"])["flavors"]["python_function"]["model_code_path"] == "served_model.py"


def test_which_kind_is_served() -> None:
    assert served_kind(("values-unhedged", "values-hedged", "country")) == "values-hedged"
    assert served_kind(("none", "country", "values-verbatim", "values+demographic", "shuffled")) is None


def test_tuned_prompts_write_the_descriptors_of_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "tuned.json"
    program.write_text(json.dumps(content()))
    result = small_run(tmp_path / "w", f"program={program}")
    model = ServedModel(result.folder / "model")
    monkeypatch.chdir(tmp_path)
    one = example(result.folder / "model")
    answered = model.predict(one)
    (result.folder / "model" / "descriptors.csv").unlink()
    assert ServedModel(result.folder / "model").predict(one).equals(answered)


@pytest.mark.slow
def test_a_tuned_program_is_served_over_http(tmp_path: Path) -> None:
    result = tuned(tmp_path / "w", "copro", *HEDGED)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", result.model]
    command += ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(port)]
    settings = {
        "MLFLOW_TRACKING_URI": Workspace.open(tmp_path / "w").tracking_uri,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),  # of its uvicorn
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    with (tmp_path / "served.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=os.environ | settings, stdout=log, stderr=log, cwd=tmp_path, start_new_session=True
        )
    try:
        question = (result.folder / "model" / "serving_input_example.json").read_bytes()
        [answer] = _ask(f"http://127.0.0.1:{port}/invocations", question, process)["predictions"]
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
    assert answer["missing"] == ""
    assert math.isclose(sum(answer["probabilities"]), 1)
    assert (tmp_path / ".value-personas" / "answers.db").is_file()


def _ask(url: str, body: bytes, process: "subprocess.Popen[bytes]") -> dict[str, list[dict[str, Any]]]:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    for _ in range(600):
        assert process.poll() is None, "the server stopped"
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                told: dict[str, list[dict[str, Any]]] = json.loads(reply.read())
                return told
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from None
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"{url} never answered")
