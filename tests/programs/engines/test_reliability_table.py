"""The table of faults of the engines' page, written from what happens when each is met.

``python -m tests.programs.engines.test_reliability_table`` prints it; it stands in
programs/engines/README.md between ``<!-- faults -->`` and ``<!-- /faults -->``, and the test below says when
it no longer holds.
"""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fake_server import FakeServer
from value_personas.programs.elicitation import ElicitationSettings, FirstTokenLogprobs, choose_elicitation
from value_personas.programs.engines import EngineSettings, connect
from value_personas.programs.engines.model import Model
from value_personas.programs.engines.replies import MemoryStore
from value_personas.programs.engines.serving_faults import FAULTS
from value_personas.programs.engines.serving_quirks import QUIRKS
from value_personas.programs.panel import Panel
from value_personas.programs.panel_result import REASONS
from value_personas.programs.respondent import Respondent
from value_personas.signatures import EngineError, Persona, Question, Scale

README = Path(__file__).parents[3] / "programs" / "engines" / "README.md"
_BEGIN, _END = "<!-- faults -->", "<!-- /faults -->"
_QUIRKS_BEGIN, _QUIRKS_END = "<!-- quirks -->", "<!-- /quirks -->"
_PERSONA = Persona("none", "A person.", 1.0, "XX")
_QUESTION = Question(
    "Q1", "How much do you agree?", Scale(("a lot", "a little", "not at all"), (1.0, 2.0, 3.0))
)


def outcome(fault: str) -> tuple[bool, str]:
    """Whether the call is tried again, and what becomes of it when the fault stays."""
    with FakeServer({fault: 1.0}) as server:
        settings = EngineSettings(lm="openai/m", base_url=server.url, max_retries=1, timeout_s=1.5)
        panel = Panel(connect(settings), Respondent(FirstTokenLogprobs()), 1)
        try:
            result = asyncio.run(panel.ask([Persona("none", "A person.", 1.0, "XX")], [_QUESTION]))
        except EngineError:
            return server.calls > 1, "the run stops, with one line"
        missing = int(result.missing[0, 0])
        what = "answered" if missing < 0 else f"missing: `{REASONS[missing].value}`"
        return server.calls > 1, what


def outcomes() -> dict[str, tuple[bool, str]]:
    return {fault: outcome(fault) for fault in FAULTS}


def table(found: dict[str, tuple[bool, str]]) -> str:
    """One row for all faults that end alike."""
    together: dict[tuple[bool, str], list[str]] = {}
    for fault, how in found.items():
        together.setdefault(how, []).append(fault.replace("-", " "))
    rows = (
        f"| {', '.join(faults)} | {'yes' if again else 'no'} | {what} |"
        for (again, what), faults in together.items()
    )
    return "\n".join(["| fault | tried again | if it stays |", "|---|---|---|", *rows])


@dataclass(frozen=True)
class Seen:
    """What became of one question put to a server of one quirk."""

    what: str
    calls: int
    why: str
    adaptations: tuple[str, ...]


def met(*quirks: str, store: MemoryStore | None = None) -> Seen:
    """Ask as a run does: first how to ask, then a panel."""

    async def ask(model: Model) -> tuple[int, str, str]:
        try:
            way, why = await choose_elicitation(model, ElicitationSettings(draws=3), _PERSONA, _QUESTION)
            calls = server.calls
            result = await Panel(model, Respondent(way), 1).ask([_PERSONA], [_QUESTION])
        except EngineError as error:
            return server.calls, "the run stops, with one line", str(error)
        finally:
            await model.aclose()
        missing = int(result.missing[0, 0])
        what = {"logprobs": "log-probabilities", "sampled": "sampled answers"}[way.name]
        return calls, what if missing < 0 else f"missing: `{REASONS[missing].value}`", why

    with FakeServer(quirks=quirks) as server:
        settings = EngineSettings(
            lm="openai/m",
            base_url=server.url,
            max_retries=1,
            timeout_s=5,
            patience_s=0.5,
            api_key_env=KEY_NAME,
        )
        model = connect(settings, store)
        calls, what, why = asyncio.run(ask(model))
    adapted = tuple(model.adaptations)
    return Seen(f"{what}, adapted" if adapted and "missing" not in what else what, calls, why, adapted)


KEY_NAME = "VALUE_PERSONAS_TEST_KEY"
KEY = "planted-key-93"


@pytest.fixture(scope="module")
def quirks_met() -> Iterator[dict[str, Seen]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY_NAME, KEY)
        yield {name: met(name) for name in QUIRKS}


def quirk_table(seen: dict[str, Seen]) -> str:
    """One row for all quirks that end alike."""
    together: dict[str, list[str]] = {}
    for name, one in seen.items():
        together.setdefault(one.what, []).append(QUIRKS[name].what)
    rows = (f"| {'; '.join(quirks)} | {what} |" for what, quirks in together.items())
    return "\n".join(["| a server that | is answered by |", "|---|---|", *rows])


def test_every_quirk_is_an_answer_a_missing_one_or_one_line(quirks_met: dict[str, Seen]) -> None:
    whats = {name: seen.what for name, seen in quirks_met.items()}
    adapted = {"no-system-role", "max-completion-tokens", "no-temperature", "least-length"}
    assert {n for n in adapted if whats[n] == "log-probabilities, adapted"} == adapted
    by_logprobs = {
        "no-seed",
        "no-n",
        "five-alternatives",
        "letter-in-bold",
        "letter-in-brackets",
        "byte-order-mark",
        "plain-text",
        "nan-usage",
        "huge-usage",
        "null-alternative",
        "repeated-token",
        "no-index",
        "parts",
        "half-a-character",
        "streams",
        "created",
        "usage-in-words",
        "logprobs-listed",
    }
    assert {n for n in by_logprobs if whats[n] == "log-probabilities"} == by_logprobs
    sampled = {
        "no-logprobs",
        "logprobs-forbidden",
        "logprobs-not-found",
        "logprobs-breaks",
        "logprobs-unbuilt",
        "newline-first",
        "bold",
        "thinks",
        "thinks-unopened",
        "thinks-apart",
        "mass-above-one",
        "two-alternatives",
        "logprobs-in-words",
        "certain",
    }
    assert {n: whats[n] for n in sampled if whats[n] != "sampled answers"} == {}
    assert whats["thinks-only"] == "missing: `reasoning_only`"
    assert whats["filters"] == "missing: `refused`"
    for name in ("error-of-200", "error-in-choice", "loading", "no-credit", "no-such-path", "echoes-key"):
        assert whats[name] == "the run stops, with one line", name


def test_finding_out_takes_eight_calls_at_most(quirks_met: dict[str, Seen]) -> None:
    assert {name: seen.calls for name, seen in quirks_met.items() if seen.calls > 8} == {}


def test_the_reason_is_said_and_the_key_is_not(quirks_met: dict[str, Seen]) -> None:
    assert KEY not in repr(quirks_met)
    assert "[key]" in quirks_met["echoes-key"].why
    assert "with 5 alternatives" in quirks_met["five-alternatives"].why
    assert "refuses log-probabilities" in quirks_met["logprobs-breaks"].why
    assert "max_tokens" in quirks_met["thinks-only"].why
    assert "no credit" in quirks_met["no-credit"].why
    assert "Loading model" in quirks_met["loading"].why
    assert "/v1" in quirks_met["no-such-path"].why


def test_what_was_refused_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_NAME, KEY)
    with FakeServer(quirks=["five-alternatives", "no-system-role", "least-length"]) as server:
        store = MemoryStore()
        settings = EngineSettings(lm="openai/m", base_url=server.url, deployment="here")

        async def choose() -> str:
            model = connect(settings, store)
            way, why = await choose_elicitation(model, ElicitationSettings(), _PERSONA, _QUESTION)
            await Panel(model, Respondent(way), 1).ask([_PERSONA], [_QUESTION])
            await model.aclose()
            return why

        first, calls = asyncio.run(choose()), server.calls
        assert asyncio.run(choose()) == first
        assert server.calls == calls
        settings = settings.model_copy(update={"lm": "openai/other"})
        asyncio.run(choose())
        assert server.calls > calls


def test_several_quirks_at_once_are_met_as_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_NAME, KEY)
    seen = met("no-system-role", "max-completion-tokens", "no-temperature", "no-logprobs", "thinks-unopened")
    assert seen.what == "sampled answers, adapted"
    assert len(seen.adaptations) == 3


def test_the_readme_says_what_is_done_about_each(quirks_met: dict[str, Seen]) -> None:
    text = README.read_text(encoding="utf-8")
    assert text.split(_QUIRKS_BEGIN)[1].split(_QUIRKS_END)[0].strip() == quirk_table(quirks_met)


@pytest.fixture(scope="module")
def found() -> dict[str, tuple[bool, str]]:
    return outcomes()


def test_every_fault_has_its_outcome(found: dict[str, tuple[bool, str]]) -> None:
    assert found.keys() == set(FAULTS)
    assert found["slow"] == (False, "answered")
    assert found["timeout"] == (True, "missing: `timeout`")
    assert found["huge-body"] == (True, "missing: `provider_error`")
    assert found["no-logprobs"] == (False, "missing: `no_logprobs`")
    assert found["401"] == found["404"] == (False, "the run stops, with one line")
    assert (False, "missing: `provider_error`") not in found.values()


def test_the_readme_says_what_happens(found: dict[str, tuple[bool, str]]) -> None:
    text = README.read_text(encoding="utf-8")
    assert text.split(_BEGIN)[1].split(_END)[0].strip() == table(found)


if __name__ == "__main__":
    os.environ[KEY_NAME] = KEY
    print(table(outcomes()), quirk_table({name: met(name) for name in QUIRKS}), sep="\n\n")
