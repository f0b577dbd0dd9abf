"""What a run asked by stands in MLflow's registry of prompts, once for each text."""

import json
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.experiments.fieldwork.test_prompt_file import content
from tests.experiments.small_runs import small_run
from value_personas import load_recipe
from value_personas.experiments.tracking import TUNED, Prompt, Record, link_prompts, record_run
from value_personas.experiments.workspace.folders import Workspace
from value_personas.signatures import AnswerAsPersona, ForecastShares, HedgedDescriptor


def linked(client: MlflowClient, run_id: str) -> dict[str, str]:
    links = json.loads(client.get_run(run_id).data.tags["mlflow.linkedPrompts"])
    return {one["name"]: one["version"] for one in links}


def test_a_run_is_linked_to_the_prompts_that_it_asked_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kinds = 'personas=["country", "values-hedged", "forecast"]'
    first = small_run(tmp_path / "w", kinds)
    second = small_run(tmp_path / "w", kinds)
    (tmp_path / "tuned.json").write_text(json.dumps(content()))
    third = small_run(tmp_path / "w", kinds, f"program={tmp_path / 'tuned.json'}")
    client = MlflowClient(Workspace(tmp_path / "w").tracking_uri)
    ones = {"descriptor-hedged": "1", "respondent": "1", "forecast": "1"}
    assert linked(client, first.mlflow_run_id) == linked(client, second.mlflow_run_id) == ones
    assert linked(client, third.mlflow_run_id) == ones | {"descriptor-hedged": "2"}
    assert {one.name for one in client.search_prompts()} == set(ones)
    texts = {name: client.load_prompt(f"prompts:/{name}/1").template for name in ones}
    assert texts == {
        "descriptor-hedged": HedgedDescriptor.instructions,
        "respondent": AnswerAsPersona.instructions,
        "forecast": ForecastShares.instructions,
    }
    tuned = content()["predictors"]["writer.write"]["instructions"]
    assert client.load_prompt("prompts:/descriptor-hedged/2").template == tuned
    assert not (tmp_path / "mlflow.db").exists()
    assert not (tmp_path / "mlruns").exists()


def test_a_tuned_prompt_has_an_alias_and_demonstrations_make_another_version(tmp_path: Path) -> None:
    place = Workspace.open(tmp_path / "w")
    run_id = record_run(place, Record(load_recipe(None), "n", {}, {}, tmp_path / "none"))
    client = MlflowClient(place.tracking_uri)
    run = client.get_run(run_id)
    link_prompts(client, run, {"p": Prompt("Say {{it}}.")}, TUNED)
    link_prompts(client, run, {"p": Prompt("Say {{it}}.", ({"it": "a"},))})
    assert linked(client, run_id) == {"p": "2"}
    assert client.load_prompt(f"prompts:/p@{TUNED}").version == 1
    link_prompts(client, run, {"p": Prompt("Say {{it}}.")})
    assert linked(client, run_id) == {"p": "1"}
