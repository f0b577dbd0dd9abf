"""A terminal of another encoding gets plain signs, and what a text holds is shown to it, never obeyed."""

import io
import os
import subprocess
import sys

import pytest
from rich.table import Table

from value_personas.experiments.commands.options import say
from value_personas.experiments.commands.printing.plain import show_all_signs
from value_personas.experiments.progress.console import plain_console

HOSTILE = "Yes\x1b[2J\x1b]0;owned\x07 \u202eon \x9b31m"


def printed(text: str, encoding: str, monkeypatch: pytest.MonkeyPatch) -> str:
    raw = io.BytesIO()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding, write_through=True))
        show_all_signs()
        print(text, end="")
        sys.stdout.flush()
        return raw.getvalue().decode(encoding)


@pytest.mark.parametrize(
    ("encoding", "text", "shown"),
    [
        ("ascii", "−.5–1 × 3 ≤ 4 … Λ é", "-.5-1 x 3 <= 4 ... ? e"),
        ("cp1252", "−.5–1 × 3 ≤ 4 … 中", "-.5–1 × 3 <= 4 … ?"),
        ("cp437", "−.5 ╭─┃ – · x̄", "-.5 -─| - · x?"),
        ("utf-8", "−.5–1 × 3 ≤ 4 … 中", "−.5–1 × 3 ≤ 4 … 中"),
        ("utf-8", "half \ud800", "half ?"),
    ],
)
def test_what_an_encoding_lacks_is_plain(
    encoding: str, text: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert printed(text, encoding, monkeypatch) == shown


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "ascii"])
def test_a_whole_page_in_an_old_encoding(encoding: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "value_personas.experiments.cli", "run", "--help"],
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": encoding},
    )
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    assert "--estimate" in done.stdout.decode(encoding)


def test_a_console_shows_what_a_terminal_would_obey() -> None:
    out = io.StringIO()
    console = plain_console(out)
    table = Table(title=HOSTILE)
    table.add_row(HOSTILE)
    console.print(table)
    console.print(HOSTILE, soft_wrap=True)
    assert not set("\x1b\x07\u202e\x9b") & set(out.getvalue())
    assert r"Yes\x1b[2J" in out.getvalue()


def test_lines_too(capsys: pytest.CaptureFixture[str]) -> None:
    say(HOSTILE)
    say(HOSTILE, err=True)
    out, err = capsys.readouterr()
    assert out == err == "Yes\\x1b[2J\\x1b]0;owned\\x07 \\u202eon \\x9b31m\n"
