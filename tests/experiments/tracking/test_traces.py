"""Calls as MLflow's traces."""

from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Trace
from mlflow.tracing.otel import translation

from value_personas import load_recipe
from value_personas.experiments.tracking import Call, Record, record_run
from value_personas.experiments.workspace.folders import Workspace

ANSWERED = Call(
    name="values-hedged",
    model="openai/some-model",
    messages=(("system", "Answer as the person."), ("user", "How proud? A. Very\n\nReply with a letter.")),
    tags={"country": "JPN", "question": "Q254"},
    reply="A “natürlich”",
    alternatives=(("A", 0.75), ("B", 0.25)),
    answer={"Very": 0.75, "Not": 0.25},
    input_tokens=40,
    output_tokens=2,
    cost=(0.004, 0.001),
    latency_s=1.5,
)
FAILED = Call(name="country", model="openai/some-model", messages=(("user", "?"),), error="timeout")


def traces_of(workspace: Path, *calls: Call) -> list[Trace]:
    """What a run's page lists, in the order of their names."""
    recipe = load_recipe(None, [f"workspace={workspace}"])
    run_id = record_run(
        Workspace.open(workspace), Record(recipe, "n", {}, {}, workspace / "none", calls=calls)
    )
    client = MlflowClient(Workspace.open(workspace).tracking_uri)
    [place] = {client.get_run(run_id).info.experiment_id}
    found = client.search_traces(locations=[place], run_id=run_id)
    return sorted(found, key=lambda trace: str(trace.data.spans[0].name))


def test_a_call_is_shown_with_all_that_went_and_came(tmp_path: Path) -> None:
    failed, answered = traces_of(tmp_path, ANSWERED, FAILED)
    [span] = answered.data.spans
    assert span.inputs == {
        "messages": [
            {"role": "system", "content": "Answer as the person."},
            {"role": "user", "content": "How proud? A. Very\n\nReply with a letter."},
        ]
    }
    assert span.outputs == {
        "reply": "A “natürlich”",
        "first_token": {"A": 0.75, "B": 0.25},
        "answer": {"Very": 0.75, "Not": 0.25},
    }
    assert answered.info.execution_duration == 1500
    assert answered.info.token_usage == {"input_tokens": 40, "output_tokens": 2, "total_tokens": 42}
    assert answered.info.cost == {"input_cost": 0.004, "output_cost": 0.001, "total_cost": 0.005}
    assert (answered.info.tags["country"], answered.info.tags["question"]) == ("JPN", "Q254")
    assert answered.info.state == "OK"
    assert failed.info.state == "ERROR"
    assert failed.data.spans[0].outputs == {"reply": None, "missing": "timeout"}
    assert failed.info.token_usage is None


def test_no_price_is_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(*_: object) -> None:
        raise AssertionError("asked LiteLLM, which takes three seconds to import")

    monkeypatch.setattr(translation, "calculate_cost_by_model_and_token_usage", look_up)
    [trace] = traces_of(
        tmp_path, Call("none", "openai/gpt-4o", (("user", "?"),), reply="A", input_tokens=1, output_tokens=1)
    )
    assert trace.info.cost is None
    assert trace.info.tags["model"] == "openai/gpt-4o"


def test_a_store_without_traces_keeps_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise NotImplementedError("REST OTLP span logging is not supported by FileStore")

    monkeypatch.setattr("mlflow.tracing.client.TracingClient.log_spans", refuse)
    assert traces_of(tmp_path, ANSWERED) == []
    assert "MLflow keeps no traces of this run: REST OTLP span logging is not supported" in caplog.text
