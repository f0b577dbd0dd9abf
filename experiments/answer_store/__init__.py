"""Every answer ever paid for, on SQLite or PostgreSQL."""

from experiments.answer_store.store import AnswerStore

__all__ = ["AnswerStore"]
