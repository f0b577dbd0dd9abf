"""Commands as a person types them, within this process."""

import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from value_personas.experiments.cli import main

__all__ = ["call", "command"]


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run ``value-personas ARGUMENTS``; returns its exit code."""
    monkeypatch.setattr(sys, "argv", ["value-personas", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The same with nobody at the keyboard, and what it printed, 80 columns wide.

    An exception that a process would end with goes on to the test.
    """
    out, error = StringIO(), StringIO()
    with (
        pytest.MonkeyPatch.context() as patched,
        redirect_stdout(out),
        redirect_stderr(error),
        Path(os.devnull).open() as nobody,
    ):
        patched.setattr(sys, "stdin", nobody)
        for name, value in {"COLUMNS": "80", **environment}.items():
            patched.setenv(name, value)
        code = call(patched, *arguments)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), error.getvalue())
