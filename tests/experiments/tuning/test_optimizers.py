"""Every optimiser: within its budget, three seeds, nothing claimed where nothing can be gained, over HTTP."""

import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from tests.experiments.tuning.tunings import DRIVER, HEDGED, SMALL, tuned
from tests.fake_server import FakeServer
from tests.forked import Forked
from value_personas import load_recipe
from value_personas.experiments.benchmarks.bench_tuning import pooled_gain
from value_personas.experiments.recipe.optimizers import OPTIMIZERS
from value_personas.experiments.tuning.tune import TuningResult, tune
from value_personas.programs.engines.synthetic import SyntheticRespondent


@pytest.fixture(scope="module")
def over_three_seeds(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[TuningResult]]:
    """The recipe's own tuning with settings of one's own, made once for all tests that look at it.

    All in one workspace: what a budget counts is the same, and noise floors and first candidates are there.
    """
    workspace = tmp_path_factory.mktemp("tunings")

    @cache
    def thrice(*settings: str) -> list[TuningResult]:
        given = [f"workspace={workspace}", *settings]
        return [tune(load_recipe("tune", [*given, f"seed={seed}"])) for seed in range(3)]

    return thrice


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_each_lifts_a_poor_instruction_on_held_out_cells_over_three_seeds(
    over_three_seeds: Callable[..., list[TuningResult]], optimizer: str
) -> None:
    results = over_three_seeds(f"tuning.optimizer={optimizer}")
    assert all(result.calls <= 2000 for result in results)
    assert all(result.program.improved for result in results)
    pooled = pooled_gain(results)
    assert pooled.point[2] > 0.0
    if optimizer in ("gepa", "copro"):  # those that build on what they found
        assert pooled.lower[2] > 0.01


@pytest.mark.slow
def test_what_is_said_of_single_texts_helps(
    over_three_seeds: Callable[..., list[TuningResult]],
) -> None:
    told, untold = (
        float(pooled_gain(over_three_seeds("tuning.optimizer=gepa", *settings)).point[2])
        for settings in ([], ["tuning.feedback_descriptors=0"])  # two as the recipe stands
    )
    assert told > untold + 0.01


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_none_claims_a_gain_on_an_instruction_that_cannot_be_improved(tmp_path: Path, optimizer: str) -> None:
    for seed in range(3):
        result = tuned(tmp_path, optimizer, *HEDGED, f"seed={seed}")
        assert not result.program.improved
        assert not result.judgement.claims_gain


def test_the_http_engine_finds_what_the_embedded_one_finds(tmp_path: Path) -> None:
    uri = f"tracking.uri=sqlite:///{tmp_path / 'mlflow.db'}"
    embedded = tuned(tmp_path / "embedded", "copro", uri)
    with FakeServer(engine=SyntheticRespondent(spill_over=2.0)) as server:
        over_http = tuned(
            tmp_path / "http",
            "copro",
            uri,
            "respondent.lm=openai/respondent",
            f"respondent.base_url={server.url}",
            "respondent.parameters={}",
            "respondent.option_order=forward",
        )
        assert 0 < server.calls < over_http.paid <= 900  # the proposer stays embedded
    assert over_http.program.predictors == embedded.program.predictors
    pd.testing.assert_frame_equal(over_http.judgement.summary, embedded.judgement.summary)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_killed_tuning_goes_on_at_no_repeated_cost(tmp_path: Path, optimizer: str) -> None:
    unbroken = tuned(tmp_path / "unbroken", optimizer)
    workspace, store = tmp_path / "killed", tmp_path / "killed" / "answers.db-wal"
    settings = [f"workspace={workspace}", *SMALL, f"tuning.optimizer={optimizer}"]
    process = Forked(DRIVER, settings)
    while process.poll() is None and not (store.is_file() and store.stat().st_size > 100_000):
        time.sleep(0.01)
    process.kill()

    result = tuned(workspace, optimizer)
    assert 0 < result.paid < unbroken.paid  # some were paid before the kill, some after
    # At most what was in flight is asked again; where the budget ends a search, more is kept back for that.
    assert (unbroken.calls if unbroken.stopped is None else 0) <= result.calls <= unbroken.calls + 16
    assert result.calls >= unbroken.calls - 16
    assert result.program.predictors == unbroken.program.predictors
    pd.testing.assert_frame_equal(result.judgement.summary, unbroken.judgement.summary, check_exact=True)
