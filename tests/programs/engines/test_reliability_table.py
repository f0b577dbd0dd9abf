"""The README's table of faults, written from what happens when each is met.

``python -m tests.programs.engines.test_reliability_table`` prints it; it stands in the README between
``<!-- faults -->`` and ``<!-- /faults -->``, and the test below says when it no longer holds.
"""

import asyncio
from pathlib import Path

import pytest

from programs.elicitation import FirstTokenLogprobs
from programs.engines import EngineSettings, connect
from programs.engines.serving import FAULTS
from programs.panel import REASONS, Panel
from programs.respondent import Respondent
from signatures import EngineError, Persona, Question, Scale
from tests.fake_server import FakeServer

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


def table() -> str:
    rows = ["| fault | tried again | if it stays |", "|---|---|---|"]
    for fault in FAULTS:
        again, what = outcome(fault)
        rows.append(f"| {fault.replace('-', ' ')} | {'yes' if again else 'no'} | {what} |")
    return "\n".join(rows)


def test_every_fault_has_its_outcome() -> None:
    rows = {line.split("|")[1].strip(): line for line in table().splitlines()[2:]}
    assert len(rows) == len(FAULTS)
    assert "answered" in rows["slow"]
    assert "yes | missing: `timeout`" in rows["timeout"]
    assert "yes | missing: `provider_error`" in rows["huge body"]
    assert "no | missing: `no_logprobs`" in rows["no logprobs"]
    assert "no | the run stops" in rows["401"]
    assert "no | the run stops" in rows["404"]
    assert not any("no | missing: `provider_error`" in line for line in rows.values())


def test_the_readme_says_what_happens() -> None:
    text = README.read_text(encoding="utf-8")
    if _BEGIN not in text:
        pytest.skip("the README has no table of faults")
    assert text.split(_BEGIN)[1].split(_END)[0].strip() == table()


if __name__ == "__main__":
    print(table())
