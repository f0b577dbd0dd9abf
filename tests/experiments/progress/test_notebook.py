"""The display of a notebook's cell: escaped, complete at the end, and drawn at most twice a second."""

import itertools
import threading
import time

import pytest

from value_personas.experiments.progress.notebook import NotebookReporter

pytest.importorskip("IPython")


class Handle:
    """Stands in for IPython's: keeps what was drawn, and when."""

    def __init__(self) -> None:
        self.drawn: list[tuple[float, str]] = []

    def update(self, shown: NotebookReporter) -> None:
        self.drawn.append((time.monotonic(), shown._repr_html_()))


@pytest.fixture
def handle(monkeypatch: pytest.MonkeyPatch) -> Handle:
    handle = Handle()
    monkeypatch.setattr("IPython.display.display", lambda shown, display_id: handle)
    return handle


def test_it_is_drawn_at_most_twice_a_second_and_ends_complete(handle: Handle) -> None:
    def count() -> None:
        for _ in range(200):
            reporter.answered("values-hedged", 1, 400)
            time.sleep(0.003)

    with NotebookReporter() as reporter:
        both = [threading.Thread(target=count) for _ in range(2)]
        for one in both:
            one.start()
        for one in both:
            one.join()
    *during, (_, last) = handle.drawn
    assert len(during) >= 1
    gaps = [b - a for (a, _), (b, _) in itertools.pairwise(during)]
    assert all(gap > 0.49 for gap in gaps)
    assert "400/400" in last
    assert "value='400' max='400'" in last
    assert repr(reporter) == "values-hedged 400/400"


def test_what_a_recipe_or_a_server_says_is_no_markup(handle: Handle) -> None:
    with NotebookReporter() as reporter:
        reporter.stage("asking <script>alert(1)</script>")
        reporter.note("<img src=x>")
        reporter.answered("<b>", 0, 0)
    _, last = handle.drawn[-1]
    assert not {"<script", "<img", "<b>"} & {last[i : i + n] for n in (3, 4, 7) for i in range(len(last))}
    assert "note: &lt;img" in last


def test_an_interrupt_ends_the_drawing(handle: Handle) -> None:
    def cell() -> None:
        with NotebookReporter() as reporter:
            reporter.stage("asking")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cell()
    drawn = len(handle.drawn)
    time.sleep(0.7)
    assert len(handle.drawn) == drawn
    assert "asking" in handle.drawn[-1][1]
