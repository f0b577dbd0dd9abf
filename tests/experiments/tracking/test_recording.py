"""What MLflow is told of a run, in the local store and on a server."""

import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

import mlflow
import pytest
from mlflow import MlflowClient

from tests.experiments.fieldwork.test_prompt_file import content
from tests.experiments.small_runs import small_run
from value_personas import RunResult, load_recipe
from value_personas.experiments.run.rerun import rerun
from value_personas.experiments.tracking import InputFile, Record, metric_name, record_run, without_passwords
from value_personas.experiments.workspace.folders import Workspace
from value_personas.signatures import StoreError


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    folder = tmp_path_factory.mktemp("tracking")
    program = folder / "tuned.json"
    program.write_text(json.dumps(content()))
    return small_run(folder, f"program={program}")


@pytest.fixture(scope="module")
def client(result: RunResult) -> MlflowClient:
    return MlflowClient(Workspace.open(result.recipe.workspace).tracking_uri)


def test_the_inputs_are_datasets_with_hash_and_source(result: RunResult, client: MlflowClient) -> None:
    found = {
        entry.tags[0].value: entry.dataset
        for entry in client.get_run(result.mlflow_run_id).inputs.dataset_inputs
    }
    assert set(found) == {"survey.path", "program", "questions"}
    asked = found["questions"]
    questions = (result.folder / "questions.json").read_bytes()
    assert (asked.name, asked.digest) == ("questions.json", sha256(questions).hexdigest()[:36])
    assert json.loads(asked.profile) == {"num_rows": 2}
    [file] = (result.recipe.workspace / "synthetic").glob("*.sav")
    digest = sha256(file.read_bytes()).hexdigest()
    survey = found["survey.path"]
    assert (survey.name, survey.digest) == (file.name, digest[:36])
    assert json.loads(survey.source) == {"uri": str(file), "sha256": digest}
    columns = [column["name"] for column in json.loads(survey.schema)["mlflow_colspec"]]
    assert {"Q29", "Q185", "W_WEIGHT"} <= set(columns)
    assert json.loads(survey.profile) == {"num_rows": 8 * 150}


def test_a_run_has_a_name_to_read_and_its_folder_as_a_tag(result: RunResult, client: MlflowClient) -> None:
    run = client.get_run(result.mlflow_run_id)
    pattern = r"quickstart · synthetic/respondent · 8 countries × 2 questions · \d{4}-\d\d-\d\d \d\d:\d\d"
    assert re.fullmatch(pattern, run.info.run_name)
    assert run.data.tags["run.folder"] == result.folder.name
    assert re.fullmatch(r"quickstart-\d{8}T\d{12}", result.folder.name)
    assert client.get_experiment(run.info.experiment_id).name == "quickstart"


def test_every_record_says_what_made_it_and_what_was_invented(tmp_path: Path) -> None:
    place = Workspace.open(tmp_path)
    tags = {}
    for settings in ([], ["survey.path=WVS7.sav", "respondent.lm=openai/some-model"]):
        run_id = record_run(place, Record(load_recipe(None, settings), "n", {}, {}, tmp_path / "none"))
        tags = MlflowClient(place.tracking_uri).get_run(run_id).data.tags
        assert tags["synthetic"] == ("no" if settings else "respondent and population")
    assert tags["model"] == "openai/some-model"
    assert tags["version.python"] == platform.python_version()
    for package in ("value-personas", "dspy", "mlflow"):
        assert tags[f"version.{package}"] == version(package)


def test_the_tuned_program_is_part_of_the_record(result: RunResult, client: MlflowClient) -> None:
    artifacts = {artifact.path for artifact in client.list_artifacts(result.mlflow_run_id)}
    assert "program.json" in artifacts
    assert list(result.folder.glob("answers-*.npz"))
    assert not [path for path in artifacts if path.endswith(".npz")]
    assert json.loads((result.folder / "program.json").read_text())["predictors"].keys() == {"writer.write"}


def test_a_family_may_be_named_and_has_children(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("a\n1\n")
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "one.svg").write_text("<svg/>")
    (tmp_path / "personas.parquet").write_text("what respondents said")
    place, recipe = Workspace.open(tmp_path / "w"), load_recipe(None, ["tracking.experiment=family"])
    parent = record_run(
        place, Record(recipe, "parent", {"a": 1.0, "nothing": float("nan")}, {}, tmp_path / "figures")
    )
    child = record_run(
        place,
        Record(recipe, "child", {}, {"long": "x" * 9000}, tmp_path, parent, kept_here=("personas.*", "*.db")),
    )
    client = MlflowClient(place.tracking_uri)
    run = client.get_run(child)
    assert run.data.tags["mlflow.parentRunId"] == parent
    assert client.get_run(parent).data.metrics == {"a": 1.0}
    assert client.get_experiment(run.info.experiment_id).name == "family"
    assert [a.path for a in client.list_artifacts(child, "figures")] == ["figures/one.svg"]
    assert {a.path for a in client.list_artifacts(child)} >= {"table.csv", "figures"}
    assert "personas.parquet" not in {a.path for a in client.list_artifacts(child)}


def test_several_runs_record_at_once(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "table.csv").write_text("a\n1\n")
    place = Workspace.open(tmp_path / "w")
    assert_recorded_at_once(place, tmp_path / "files", place.tracking_uri)


def assert_recorded_at_once(place: Workspace, files: Path, uri: str, *settings: str) -> None:
    recipe = load_recipe(None, ["tracking.experiment=crowd", *settings])
    inputs = (InputFile("survey.path", "a.sav", "0" * 64), InputFile("program", "b.json", "1" * 64))
    records = [Record(recipe, f"cell {i}", {"i": float(i)}, {}, files, inputs=inputs) for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda one: record_run(place, one), records))
    client = MlflowClient(uri)
    runs = [client.get_run(run_id) for run_id in ids]
    assert [run.info.run_name for run in runs] == [f"cell {i}" for i in range(8)]
    assert [run.data.metrics["i"] for run in runs] == list(range(8))
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert {len(run.inputs.dataset_inputs) for run in runs} == {2}
    assert len({run.info.experiment_id for run in runs}) == 1
    assert all([a.path for a in client.list_artifacts(run_id)] == ["table.csv"] for run_id in ids)


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("values-hedged + calibrated", "rps"), "values-hedged-calibrated.rps"),
        (("values-hedged + calibrated (population)", "rps"), "values-hedged-calibrated-population.rps"),
        (("missing", "values+country", "refused"), "missing.values-and-country.refused"),
        (("a&b", "ü"), "a-b.ü"),
    ],
)
def test_metric_names_are_such_as_mlflow_takes(parts: tuple[str, ...], name: str) -> None:
    assert metric_name(*parts) == name


def test_no_password_is_recorded(tmp_path: Path) -> None:
    url = "postgresql://me:sk-planted-secret@127.0.0.1:9/answers"
    recipe = load_recipe(None, [f"store={url}"])
    run_id = record_run(Workspace.open(tmp_path), Record(recipe, "n", {}, {}, tmp_path / "none"))
    params = MlflowClient(Workspace.open(tmp_path).tracking_uri).get_run(run_id).data.params
    assert params["store"] == "postgresql://me@127.0.0.1:9/answers"
    nested = {"a": [url, 1, None], "b": "http://x.org/a:b@c"}
    assert without_passwords(nested) == {"a": [params["store"], 1, None], "b": "http://x.org/a:b@c"}


def test_a_password_in_a_recipe_reaches_no_file(tmp_path: Path) -> None:
    secret = uuid4().hex  # never in the source, which code.diff may hold
    result = small_run(tmp_path, f"calibration.search.storage=postgresql://me:{secret}@host/studies")
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(kept) > 30
    assert not any(secret.encode() in path.read_bytes() for path in kept)
    assert "postgresql://me@host/studies" in (result.folder / "recipe.json").read_text()


def test_a_server_that_is_down_is_given_up_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    recipe = load_recipe(None, ["tracking.uri=http://me:sk-planted@127.0.0.1:9"])
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:9") as caught:
        record_run(Workspace.open(tmp_path), Record(recipe, "n", {}, {}, tmp_path / "none"))
    assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "3"
    assert "sk-planted" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("postgresql://me:a/b:c@host/db", "postgresql://me@host/db"),
        (
            "postgresql://host/db?user=me&password=x%2Fy&sslmode=on",
            "postgresql://host/db?user=me&password=…&sslmode=on",
        ),
        ("https://host/mlflow?access_token=x", "https://host/mlflow?access_token=…"),
        ("http://127.0.0.1:5000/path", "http://127.0.0.1:5000/path"),
    ],
)
def test_a_password_is_found_wherever_an_address_may_hold_one(address: str, kept: str) -> None:
    assert without_passwords(address) == kept


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """MLflow's own server on loopback, with three processes in place of eleven."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{tmp_path / 'server.db'}", "--workers", "1"]
    command += ["--artifacts-destination", str(tmp_path / "kept")]
    # Without these it starts job workers, and may wait for ever on a price list.
    settings = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(command, env=os.environ | settings, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{url}/health", process)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        assert process.poll() is None, "the server stopped"
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"{url} never answered")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType:UserWarning")  # MLflow of its own
def test_a_server_keeps_runs_and_gives_them_back(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = tmp_path / "w"
    result = small_run(workspace, f"tracking.uri={server}")
    client = MlflowClient(server)
    run = client.get_run(result.mlflow_run_id)
    assert run.data.metrics["values-hedged.normalised_mae"] > 0
    assert run.inputs.dataset_inputs[0].dataset.digest
    assert {one.tags[0].value for one in run.inputs.dataset_inputs} == {"survey.path", "questions"}
    kept = {artifact.path for artifact in client.list_artifacts(result.mlflow_run_id)}
    assert "estimates.parquet" in kept
    assert "personas.parquet" not in kept
    assert {one.path for one in client.list_artifacts(result.mlflow_run_id, "model")} >= {"model/MLmodel"}
    monkeypatch.chdir(tmp_path)  # replies are kept where it is served
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    model = mlflow.pyfunc.load_model(f"runs:/{result.mlflow_run_id}/model")
    answered = model.predict(model.input_example)
    assert answered["missing"].tolist() == [""]
    assert sum(answered["probabilities"][0]) == pytest.approx(1.0)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    traces = client.search_traces(locations=[run.info.experiment_id], run_id=run.info.run_id)
    assert 30 <= len(traces) <= 50
    assert {trace.info.tags["method"] for trace in traces} == {"country", "values-hedged"}
    assert all(trace.data.spans[0].outputs["reply"] for trace in traces)
    linked = json.loads(run.data.tags["mlflow.linkedPrompts"])
    assert {one["name"] for one in linked} == {"respondent", "descriptor-hedged"}
    for one in linked:
        assert client.get_prompt_version(one["name"], one["version"]).template
    shutil.rmtree(result.folder)
    found = rerun(result.mlflow_run_id, workspace=workspace, tracking_uri=server)
    assert found.agrees
    assert found.calls == 0
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "table.csv").write_text("a\n1\n")
    place = Workspace.open(workspace)
    assert_recorded_at_once(place, tmp_path / "files", server, f"tracking.uri={server}")
    assert not (workspace / "mlflow.db").exists()
