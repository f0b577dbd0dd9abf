"""The README's table of faults, written from what happens when each is met.

``python -m tests.programs.engines.test_reliability_table`` prints it; it stands in the README between
``<!-- faults -->`` and ``<!-- /faults -->``, and the test below says when it no longer holds.
"""

import asyncio
from pathlib import Path

import pytest

from tests.fake_server import FakeServer
from value_personas.programs.elicitation import FirstTokenLogprobs
from value_personas.programs.engines import EngineSettings, connect
from value_personas.programs.engines.serving_faults import FAULTS
from value_personas.programs.panel import REASONS, Panel
from value_personas.programs.respondent import Respondent
from value_personas.signatures import EngineError, Persona, Question, Scale

README = Path(__file__).parents[3] / "README.md"
_BEGIN, _END = "<!-- faults -->", "<!-- /faults -->"
_QUESTION = Question(
    "Q1", "How much do you agree?", Scale(("a lot", "a little", "not at all"), (1.0, 2.0, 3.0))
)


def outcome(fault: str) -> tuple[bool, str]:
    """Whether the call is tried again, and what becomes of it when the fault stays."""
    with FakeServer({fault: 1.0}) as server:
        settings = EngineSettings(lm="openai/m", base_url=server.url, max_retries=1, timeout_s=0.5)
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
    print(table(outcomes()))
