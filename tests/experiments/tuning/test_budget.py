"""Calls and money over HTTP, against a server that misbehaves: the budget holds, kills included."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from tests.experiments.tuning.tunings import DRIVER, SMALL
from tests.fake_server import FakeServer
from tests.forked import KILLED, Forked
from value_personas import load_recipe
from value_personas.experiments.tuning.journal import AttemptJournal
from value_personas.experiments.tuning.tune import TuningResult, tune
from value_personas.programs.engines.synthetic import SyntheticRespondent
from value_personas.signatures import BudgetError, RecipeError

FAULTS = {"500": 0.03, "429": 0.01, "reset": 0.02, "invalid-json": 0.01}

PRICES = (
    "respondent.prices.input_per_million=1.0",
    "respondent.prices.output_per_million=4.0",
    "respondent.concurrency=2",
    "tuning.budget_calls=2000",
)


@contextmanager
def serving(faults: dict[str, float]) -> Iterator[FakeServer]:
    with FakeServer(faults, engine=SyntheticRespondent(spill_over=2.0)) as server:
        yield server


def over_http(workspace: Path, server: FakeServer, *settings: str) -> list[str]:
    return [
        f"workspace={workspace}",
        *SMALL,
        "tuning.optimizer=copro",
        "respondent.lm=openai/respondent",
        f"respondent.base_url={server.url}",
        "respondent.deployment=loopback",
        "respondent.parameters={}",
        *settings,
    ]


def tuned_over_http(workspace: Path, server: FakeServer, *settings: str) -> TuningResult:
    return tune(load_recipe("tune", over_http(workspace, server, *settings)))


def booked(workspace: Path) -> int:
    """Attempts in the one journal of a workspace."""
    (path,) = (workspace / "tunings").glob("*.attempts")
    with AttemptJournal(path) as journal:
        return journal.attempts.total()


@pytest.mark.slow
def test_a_server_s_faults_count_and_change_no_digit(tmp_path: Path) -> None:
    with serving({}) as server:
        smooth = tuned_over_http(tmp_path / "smooth", server)
        assert smooth.calls == booked(tmp_path / "smooth")
    with serving(FAULTS) as server:
        faulty = tuned_over_http(tmp_path / "faulty", server)
        met = sum(server.server.faults.values())
        assert met > 10
        assert faulty.calls == faulty.paid == booked(tmp_path / "faulty") == smooth.calls + met
    assert faulty.program.predictors == smooth.program.predictors
    pd.testing.assert_frame_equal(faulty.judgement.summary, smooth.judgement.summary, check_exact=True)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_kills_and_faults_together_never_pass_the_budget(tmp_path: Path, seed: int) -> None:
    budget, luck, kills = 600, random.Random(seed), 0
    with serving(FAULTS) as server:
        settings = over_http(tmp_path, server, f"tuning.budget_calls={budget}")
        for _ in range(4):
            process = Forked(DRIVER, settings)
            already = server.calls
            until = already + luck.randrange(20, 100)
            while process.poll() is None and server.calls < until:
                time.sleep(0.005)
            kills += process.kill() == KILLED and server.calls > already
            assert server.calls <= booked(tmp_path) <= budget  # booked before it is sent
        assert kills >= 2
        result = tune(load_recipe("tune", settings))
        assert server.calls <= booked(tmp_path) == result.calls <= budget
    assert result.paid < result.calls
    assert result.judgement.held_out["gain"] == pytest.approx(
        result.judgement.cells.query("part == 'held-out'").eval("tuned - original").mean()
    )


class Billed:
    """The embedded respondent, and what a provider would bill for it."""

    def __init__(self) -> None:
        self._engine = SyntheticRespondent(spill_over=2.0)
        self.identity = self._engine.identity
        self.bill = 0.0

    def complete(self, request: object) -> object:
        response = self._engine.complete(request)  # type: ignore[arg-type]
        self.bill += (response.usage.input_tokens * 1.0 + response.usage.output_tokens * 4.0) / 1e6
        return response


@contextmanager
def billing(faults: dict[str, float]) -> Iterator[tuple[FakeServer, Billed]]:
    engine = Billed()
    with FakeServer(faults, engine=engine) as server:
        yield server, engine


PROPOSER = "tuning.proposer.lm=synthetic/proposer"


def test_money_is_what_is_billed_and_its_limit_holds_with_a_judgement_at_the_end(tmp_path: Path) -> None:
    with billing({}) as (server, provider):
        unlimited = tuned_over_http(
            tmp_path / "unlimited", server, *PRICES, "tuning.budget_calls=1000", "tuning.budget_cost=1"
        )
        assert unlimited.cost == pytest.approx(provider.bill)
        assert unlimited.stopped is None
    enough = 0.85 * unlimited.cost
    with billing({}) as (server, provider):
        limit = f"tuning.budget_cost={enough}"
        limited = tuned_over_http(tmp_path / "limited", server, *PRICES, "tuning.budget_calls=1000", limit)
        # Calls that were in flight when the search was stopped may have been billed.
        assert 0.9 * limited.cost <= provider.bill <= limited.cost <= enough < unlimited.cost
        assert "tuning.budget_cost" in str(limited.stopped)
        again = tuned_over_http(tmp_path / "limited", server, *PRICES, "tuning.budget_calls=1000", limit)
        assert (again.paid, again.cost) == (0, limited.cost)
    pd.testing.assert_frame_equal(again.judgement.summary, limited.judgement.summary, check_exact=True)


@pytest.mark.slow
def test_money_that_faults_may_have_cost_is_counted(tmp_path: Path) -> None:
    with billing({"500": 0.03, "reset": 0.02}) as (server, provider):
        result = tuned_over_http(tmp_path, server, *PRICES, "tuning.budget_cost=0.2")
        assert provider.bill < result.cost <= 0.2


def test_too_little_money_is_refused_and_what_was_paid_is_not_lost(tmp_path: Path) -> None:
    with billing({}) as (server, provider):
        with pytest.raises(BudgetError, match=r"could pass tuning.budget_cost = 0.001"):
            tuned_over_http(tmp_path, server, *PRICES, "tuning.budget_cost=0.001")
        assert 0.0 < provider.bill <= 0.001
        with pytest.raises(RecipeError, match=r"budget_cost = 0.04 is under one evaluation") as refused:
            tuned_over_http(tmp_path, server, *PRICES, "tuning.budget_cost=0.04")
        assert "\n" not in str(refused.value)
        assert provider.bill <= 0.04
        result = tuned_over_http(tmp_path, server, *PRICES, "tuning.budget_cost=1")
        assert 0.9 * result.cost <= provider.bill <= result.cost


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ([], r"budget_cost = 2 needs the price of synthetic/respondent; set respondent.prices.input_per"),
        (
            ["respondent.lm=openai/m", "respondent.base_url=http://127.0.0.1:9/v1"],
            "needs the price of openai/m; set respondent.prices",
        ),
        (
            [*PRICES, "tuning.proposer.lm=openai/p", "tuning.proposer.base_url=http://127.0.0.1:9/v1"],
            "needs the price of openai/p; set tuning.proposer.prices",
        ),
    ],
)
def test_money_without_prices_is_refused_before_anything_is_asked(
    tmp_path: Path, settings: list[str], complaint: str
) -> None:
    given = [f"workspace={tmp_path}", *SMALL, "respondent.parameters={}", "tuning.budget_cost=2", *settings]
    with pytest.raises(RecipeError, match=complaint):
        tune(load_recipe("tune", given))
    assert not (tmp_path / "answers.db").exists()
