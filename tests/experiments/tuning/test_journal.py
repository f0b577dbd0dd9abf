"""Attempts are written down before they are sent, and survive whatever ends the session."""

from fractions import Fraction
from pathlib import Path

import pytest

from value_personas import load_recipe
from value_personas.experiments.tuning.journal import AttemptJournal, tuning_digest
from value_personas.signatures import StoreError

A, B = b"\x01" * 32, b"\x02" * 32


def test_what_was_booked_is_there_in_the_next_session(tmp_path: Path) -> None:
    with AttemptJournal(tmp_path / "t" / "x.attempts") as journal:
        journal.book(A, 0.5)
        journal.book(A, 0.5)
        journal.book(B, 2.0)
        journal.settle(B, -1.75)
        journal.refuse(A, "9/None/2", "money")
        assert b"\n" in (tmp_path / "t" / "x.attempts").read_bytes()  # before anything is closed
    with AttemptJournal(tmp_path / "t" / "x.attempts") as again:
        assert again.attempts == {A: 2, B: 1}
        assert again.refused == {(A, "9/None/2"): "money"}
        assert again.costs == {A: 1, B: Fraction(1, 4)}
        assert again.cost_of([A, b"unknown"]) == 1


def test_a_line_that_a_kill_tore_was_never_sent(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with AttemptJournal(path) as journal:
        journal.book(A, 1.0)
    path.write_bytes(path.read_bytes() + B.hex().encode()[:20])
    with AttemptJournal(path) as again:
        assert again.attempts == {A: 1}
        again.book(B, 1.0)
    with AttemptJournal(path) as last:
        assert last.attempts == {A: 1, B: 1}


@pytest.mark.parametrize(
    "line",
    [
        "zz 1 0.0",
        f"{A.hex()} 7 0.0",
        f"{A.hex()} -1 0.0",
        f"{A.hex()} 1",
        "\x00",
        f"{A.hex()} 1 nan",
        f"{A.hex()} 1 inf",
    ],
)
def test_a_damaged_journal_is_refused_in_one_line(tmp_path: Path, line: str) -> None:
    (tmp_path / "x").write_text(f"{line}\n{B.hex()} 1 0.0\n", encoding="utf-8")
    with pytest.raises(StoreError, match=r"line 1 is damaged") as refused:
        AttemptJournal(tmp_path / "x")
    assert "\n" not in str(refused.value)


def test_a_journal_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(StoreError, match="name another workspace"):
        AttemptJournal(tmp_path / "x")


def test_two_sessions_of_one_tuning_never_run_side_by_side(tmp_path: Path) -> None:
    with (
        AttemptJournal(tmp_path / "x"),
        pytest.raises(StoreError, match="another process is at the same tuning"),
    ):
        AttemptJournal(tmp_path / "x")
    AttemptJournal(tmp_path / "x").__exit__(None, None, None)


@pytest.mark.parametrize(
    ("setting", "is_the_same"),
    [
        ("tuning.budget_calls=7", True),
        ("tuning.budget_cost=7", True),
        ("respondent.concurrency=7", True),
        ("tuning.proposer.max_retries=7", True),
        ("scoring.draws=700", True),
        ("workspace=elsewhere", True),
        ("respondent.patience_s=7", True),
        ("cultural_map.ask=true", True),
        ('personas=["none"]', True),
        ('personality.codebook="wvs7"', False),
        ("seed=7", False),
        ("tuning.optimizer=copro", False),
        ("tuning.training_cells=7", False),
        ("respondent.parameters={seed = 7}", False),
        ("profiles.n=7", False),
    ],
)
def test_a_tuning_is_what_it_asks_not_how_hard_it_presses(setting: str, is_the_same: bool) -> None:
    before, after = (tuning_digest(load_recipe("tune", given)) for given in ([], [setting]))
    assert (before == after) is is_the_same
