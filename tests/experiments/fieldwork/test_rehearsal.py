"""An estimate must be what is then paid, and nobody may be charged before it is approved."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from dspy.lm15 import Message, Request, Response, Usage

from tests.experiments.commands.typed import command
from tests.fake_server import FakeServer, LetterEngine
from value_personas import load_recipe, run
from value_personas.experiments.commands.approval import Approval
from value_personas.experiments.fieldwork import rehearsal as estimating
from value_personas.experiments.fieldwork.asking import estimate_asking
from value_personas.experiments.fieldwork.fieldwork import Fieldwork
from value_personas.experiments.fieldwork.preparing import prepare
from value_personas.experiments.fieldwork.rehearsal import Estimate
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.sweep.cells import Cell
from value_personas.experiments.sweep.plan import plan
from value_personas.experiments.workspace.folders import Workspace
from value_personas.programs.engines import nobody
from value_personas.signatures import BudgetError

SMALL = (
    "survey.respondents=150",
    "profiles.n=6",
    'questions.include=["Q29", "Q185"]',
    'personas=["none", "values-hedged"]',
    "scoring.draws=200",
    "scoring.floor_draws=20",
    "scoring.persona_draws=0",
)
PRICED = ("respondent.prices.input_per_million=2.0", "respondent.prices.output_per_million=8.0")


def priced(workspace: Path, server: FakeServer, *settings: str) -> Recipe:
    """A respondent on a server; descriptors by the embedded model, which is not what is counted here."""
    where = (f"workspace={workspace}", "respondent.lm=openai/m", f"respondent.base_url={server.url}")
    writer = "descriptors.lm.lm=synthetic/respondent"
    return load_recipe("quickstart", [*where, *SMALL, writer, *PRICED, *settings])


def test_what_is_estimated_is_what_is_paid(tmp_path: Path) -> None:
    with FakeServer() as server:
        seen: list[Estimate] = []
        result = run(priced(tmp_path, server), approve=seen.append)
        before, after = seen
        assert before.assumptions
        assert not after.assumptions
        assert after.calls == result.usage["calls"] - 1  # the probe was the first page
        assert before.calls - after.calls >= 20  # descriptors, and the probe
        assert before.cost is not None
        assert after.cost == pytest.approx((2.0 * after.input_tokens + 8.0 * after.output_tokens) / 1e6)
        assert after.output_tokens == after.calls
        paid = server.calls
        again: list[Estimate] = []
        run(priced(tmp_path, server), approve=again.append)
        (warm,) = again
        assert (warm.calls, warm.input_tokens, warm.cost) == (0, 0, 0.0)
        assert warm.stored > after.calls
        assert server.calls == paid


WORDS = ("calm", "sure", "warm", "cold", "glad", "firm", "mild", "keen", "wary", "open", "strict", "free")
"""Descriptors are told apart by them, and keep the rules."""


class Tokenising:
    """Counts tokens as a usual tokenizer does, 4.4 bytes each, with a chat template's around them."""

    identity = "tokenising"

    def complete(self, request: Request) -> Response:
        mark = sum(map(ord, request.messages[-1].text or ""))
        held = " and ".join(word for bit, word in enumerate(WORDS) if mark >> bit & 1)
        said = f"[[ ## descriptor ## ]]\nYou feel {held} about it.\n\n[[ ## completed ## ]]"
        if request.config.logprobs is not None:
            return replace(LetterEngine().complete(request), usage=Usage(self._read(request), 1))
        return Response(
            None, request.model, Message.assistant(said), "stop", Usage(self._read(request), len(said) // 4)
        )

    def _read(self, request: Request) -> int:
        return int(len(f"{request.system}{request.messages[-1].text}".encode()) / 4.4) + 11


def test_tokens_are_told_by_stored_replies_of_the_same_model_else_as_a_bound(tmp_path: Path) -> None:
    with FakeServer(engine=Tokenising()) as server:
        alone = priced(tmp_path, server, "descriptors.lm=", 'personas=["country", "values-unhedged"]')
        seen: list[Estimate] = []
        first = run(alone, approve=seen.append)
        before = seen[0]
        assert not before.measured
        assert "at most about" in str(before)
        assert "tokens are a bound" in str(before)
        assert first.usage["input_tokens"] < before.input_tokens
        assert first.usage["output_tokens"] < before.output_tokens

        more = priced(tmp_path, server, "descriptors.lm=", 'personas=["country", "values-hedged"]')
        planned: list[Estimate] = []
        second = run(more, approve=planned.append)
        told = planned[0]
        assert told.measured
        assert "at most" not in str(told)
        for kind in ("input_tokens", "output_tokens"):
            assert 1 / 1.3 < getattr(told, kind) / second.usage[kind] < 1.3
        assert told.calls >= second.usage["calls"]  # personas of equal texts are asked once, as it turned out


def test_descriptors_that_are_taken_as_they_stand_are_no_answers(tmp_path: Path) -> None:
    with FakeServer() as server:
        recipe = priced(tmp_path, server, 'descriptors.frozen="reference"', "descriptors.lm=")
        with Fieldwork(Workspace.open(recipe.workspace), nobody) as field:
            estimate = estimate_asking(field, prepare(field, recipe).asking)
        assert (estimate.stored, server.calls) == (0, 0)
        assert estimate.calls > 0


@pytest.mark.parametrize(("settings", "share"), [((), 0.5), (("respondent.prices.batch=0.2",), 0.2)])
def test_what_batches_would_cost_stands_beside(
    tmp_path: Path, settings: tuple[str, ...], share: float
) -> None:
    with FakeServer() as server:
        recipe = priced(tmp_path, server, "descriptors.lm=", *settings)
        planned = plan(recipe, (Cell({}, recipe, "as it stands"),)).total
        other = priced(tmp_path, server)  # whose writer takes no batches
        assert plan(other, (Cell({}, other, "as it stands"),)).total.cost_in_batches is None
        assert server.calls == 0
    assert planned.cost
    assert planned.cost_in_batches == pytest.approx(share * planned.cost)
    assert f"({share * planned.cost:,.2f} by --batch)" in str(planned)


@pytest.mark.parametrize("several", ["given", "ignored"])
def test_sampled_draws_are_counted_as_the_calls_they_take(tmp_path: Path, several: str) -> None:
    sampled = ('respondent.elicitation.mode="sampled"', "respondent.elicitation.draws=4", "personas=['none']")
    with FakeServer(several=several) as server:  # type: ignore[arg-type]
        seen: list[Estimate] = []
        result = run(priced(tmp_path, server, *sampled), approve=seen.append)
        before, after = seen
        assert before.assumptions == ("every draw is taken to be a call of its own",)
        assert not after.assumptions
        first_page = result.usage["calls"] - after.calls
        assert first_page == (1 if several == "given" else 4)
        assert before.calls == result.usage["calls"] * (4 if several == "given" else 1)
        assert result.usage["calls"] == server.calls
        assert after.stored == 4
        again: list[Estimate] = []
        run(priced(tmp_path, server, *sampled), approve=again.append)
        assert [(warm.calls, warm.stored, warm.assumptions) for warm in again] == [(0, before.calls, ())]
        assert result.usage["calls"] == server.calls


def test_a_further_kind_is_all_that_is_left_to_pay(tmp_path: Path) -> None:
    with FakeServer() as server:
        first = run(priced(tmp_path, server, 'personas=["none"]'))
        seen: list[Estimate] = []
        result = run(priced(tmp_path, server, 'personas=["none", "country"]'), approve=seen.append)
    assert seen[0].calls == result.usage["calls"] > 0
    assert seen[0].stored == first.usage["calls"] > 0
    assert not seen[0].assumptions


def test_many_personas_are_sampled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeServer() as server:
        whole: list[Estimate] = []
        with pytest.raises(BudgetError, match="enough"):
            run(priced(tmp_path, server), approve=_stopping(whole))
        monkeypatch.setattr(estimating, "_PAGES_LOOKED_AT", 10)
        sampled: list[Estimate] = []
        with pytest.raises(BudgetError, match="enough"):
            run(priced(tmp_path, server), approve=_stopping(sampled))
        assert server.calls == 0
    assert sampled[0].calls == whole[0].calls
    assert sampled[0].input_tokens == pytest.approx(whole[0].input_tokens, rel=0.05)


def _stopping(seen: list[Estimate]):  # type: ignore[no-untyped-def]
    def approve(estimate: Estimate) -> None:
        seen.append(estimate)
        raise BudgetError("enough")

    return approve


class Terminal:
    def __init__(self, answer: bool) -> None:
        self.answer = answer
        self.asked: list[str] = []
        self.told: list[str] = []

    def ask(self, question: str) -> bool:
        self.asked.append(question)
        return self.answer


def approval(terminal: Terminal, *settings: str, yes: bool = False) -> Approval:
    recipe = load_recipe("quickstart", [*PRICED, "respondent.confirm_above_cost=3", *settings])
    return Approval(recipe.respondent, yes, terminal.ask, terminal.told.append)


def bill(calls: int, cost: float | None) -> Estimate:
    return Estimate(calls, 0, 400 * calls, calls, cost)


@pytest.fixture
def _somebody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", type("Stdin", (), {"isatty": lambda self: True})())


@pytest.fixture
def _nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", type("Stdin", (), {"isatty": lambda self: False})())


@pytest.mark.usefixtures("_somebody_there")
def test_only_what_is_above_the_limit_is_asked() -> None:
    terminal = Terminal(answer=True)
    approve = approval(terminal)
    approve(bill(10, 3.0))
    assert not terminal.asked
    approve(bill(12, 3.4))
    assert len(terminal.asked) == 1
    approve(bill(12, 3.5))  # hardly more than what was agreed to
    assert len(terminal.asked) == 1
    approve(bill(120, 35.0))
    assert len(terminal.asked) == 2
    assert len(terminal.told) == 3


@pytest.mark.usefixtures("_somebody_there")
def test_a_no_ends_the_run() -> None:
    with pytest.raises(BudgetError, match="nothing was paid"):
        approval(Terminal(answer=False))(bill(10, 4.0))


@pytest.mark.usefixtures("_nobody_there")
def test_without_a_terminal_it_takes_a_yes() -> None:
    with pytest.raises(BudgetError, match="--yes") as refused:
        approval(Terminal(answer=True))(bill(10, 4.0))
    assert "\n" not in str(refused.value)
    approval(Terminal(answer=False), yes=True)(bill(10, 4.0))


@pytest.mark.usefixtures("_nobody_there")
def test_calls_are_limited_only_where_the_recipe_says_so() -> None:
    approval(Terminal(answer=False))(bill(10**9, None))
    with pytest.raises(BudgetError, match="confirm_above_calls = 9"):
        approval(Terminal(answer=False), "respondent.confirm_above_calls=9")(bill(10, None))


@pytest.mark.slow
def test_the_command_estimates_and_asks_nobody(tmp_path: Path) -> None:
    with FakeServer() as server:
        recipe = tmp_path / "recipe.toml"
        recipe.write_text(
            f'[respondent]\nlm = "openai/m"\nbase_url = "{server.url}"\nconfirm_above_cost = 0.0\n'
            "prices = {input_per_million = 1.0, output_per_million = 1.0}\n"
            '[descriptors.lm]\nlm = "synthetic/respondent"\n[profiles]\nn = 5\n[survey]\nrespondents = 100\n'
        )
        options = (str(recipe), "--workspace", str(tmp_path / "kept"))
        shown = command("run", *options, "--estimate", "--json")
        assert shown.returncode == 0, shown.stderr
        assert json.loads(shown.stdout)["calls"] > 100
        refused = command("run", *options)
        assert refused.returncode == 2
        assert "--yes" in refused.stderr.splitlines()[-1]
        capped = command("run", *options, "--yes", "--max-cost", "0.000001")
        assert capped.returncode == 2
        assert "max_cost" in capped.stderr.splitlines()[-1]
        assert server.calls == 0


def test_an_estimate_needs_no_key_and_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOBODYS_KEY", raising=False)
    nowhere = ("respondent.lm=openai/m", "respondent.base_url=http://127.0.0.1:9/v1")
    settings = (*SMALL, *nowhere, "respondent.api_key_env=NOBODYS_KEY")
    typed = ["quickstart", "--workspace", str(tmp_path), *(w for one in settings for w in ("--set", one))]
    shown = command("run", *typed, "--estimate", "--json")
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["calls"] > 50
    planned = command("plan", *typed, "--json")
    assert planned.returncode == 0, planned.stderr
    asked = command("run", *typed, "--yes")
    assert asked.returncode == 2
    assert "NOBODYS_KEY is not set; export the key in it" in asked.stderr.splitlines()[-1]


def test_a_cap_on_cost_needs_prices() -> None:
    refused = command("run", "--max-cost", "1")
    assert refused.returncode == 2
    assert "price table" in refused.stderr.splitlines()[-1]
