"""Every answer ever paid for, on SQLite or PostgreSQL."""

from value_personas.experiments.answer_store.store import AnswerStore

__all__ = ["AnswerStore"]
