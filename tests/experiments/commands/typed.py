"""Commands as a person types them, within this process."""

import sys

import pytest

from value_personas.experiments.cli import main

__all__ = ["call"]


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run ``value-personas ARGUMENTS``; returns its exit code."""
    monkeypatch.setattr(sys, "argv", ["value-personas", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)
