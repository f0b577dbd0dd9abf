"""Progress where no terminal is watched: plain lines, one a minute, and no bar's signs."""

import pytest

from value_personas.experiments.progress import terminal
from value_personas.experiments.progress.terminal import ConsoleReporter


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(terminal, "time", clock)
    return clock


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.isascii(), "a bar's signs in a log"
    assert not set(told.err) & {"\r", "\x1b"}, "a cursor's moves in a log"
    return told.err.splitlines()


def test_a_log_gets_a_line_a_minute_and_one_when_all_is_answered(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with ConsoleReporter() as reporter:
        reporter.stage("asking openai/m")
        for _ in range(9):
            reporter.answered("values-hedged", 100, 1000)
            clock.now += 15.0
        assert lines(capsys) == [
            "asking openai/m",
            "values-hedged 500/1,000",
            "values-hedged 900/1,000",
        ]
        reporter.answered("values-hedged", 100, 1000)
        assert lines(capsys) == ["values-hedged 1,000/1,000"]


def test_waits_and_stages_come_at_once(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with ConsoleReporter() as reporter:
        reporter.answered("none", 1, 10)
        reporter.note("localhost:1: connection refused; waiting, 119 s at most")
        reporter.stage("scoring")
    assert lines(capsys) == ["note: localhost:1: connection refused; waiting, 119 s at most", "scoring"]


def test_bars_of_two_kinds_share_the_minute(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with ConsoleReporter() as reporter:
        for _ in range(5):
            reporter.answered("none", 1, 100)
            reporter.answered("country", 1, 100)
            clock.now += 30.0
    assert lines(capsys) == ["none 3/100", "none 5/100"]
