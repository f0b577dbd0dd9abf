"""Who is told, and that nobody is where it is off."""

import pytest

from value_personas.experiments.progress import shown as module
from value_personas.experiments.progress.notebook import NotebookReporter, in_notebook
from value_personas.experiments.progress.reporter import Reporter, Silent
from value_personas.experiments.progress.shown import shown


def told(progress: bool | Reporter, capsys: pytest.CaptureFixture[str]) -> str:
    with shown(progress) as reporter:
        reporter.stage("asking")
        reporter.answered("none", 2, 2)
    return capsys.readouterr().err


def test_a_script_is_told_on_stderr_and_nothing_where_it_is_off(capsys: pytest.CaptureFixture[str]) -> None:
    assert not in_notebook()
    assert told(True, capsys).splitlines() == ["asking", "none 2/2"]
    assert told(False, capsys) == ""


def test_a_reporter_of_ones_own_is_told_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    own = Silent()
    with shown(own) as reporter:
        assert reporter is own


def test_a_notebook_gets_its_display(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("IPython")
    monkeypatch.setattr(module, "in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda shown, display_id: _Handle())
    with shown(True) as reporter:
        assert isinstance(reporter, NotebookReporter)


@pytest.mark.parametrize("progress", [True, False])
def test_an_interrupt_is_one_line_of_a_cell(progress: bool) -> None:
    shell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell()
    with pytest.raises(KeyboardInterrupt) as stopped, shown(progress):
        raise KeyboardInterrupt
    [line] = shell._format_exception_for_storage(stopped.value)["traceback"]
    assert line == "KeyboardInterrupt: stopped; what was answered is stored, the same cell goes on"


class _Handle:
    def update(self, shown: object) -> None:
        """As IPython's, which draws."""
