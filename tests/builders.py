"""Small objects that many tests need."""

import math
import os
import signal
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from value_personas.programs.elicitation import Form
from value_personas.programs.engines.replies import Reply
from value_personas.signatures import Persona, Question, Scale, ValueItem

__all__ = ["AGREE", "TEN", "item", "page", "persona", "question", "said", "voted"]

AGREE = Scale(("strongly agree", "agree", "disagree", "strongly disagree"), (1.0, 2.0, 3.0, 4.0))
TEN = Scale(
    ("1 – never justifiable", *(str(i) for i in range(2, 10)), "10 – always justifiable"),
    tuple(float(i) for i in range(1, 11)),
)


def question(code: str = "Q29", scale: Scale = AGREE, text: str = "Men make better leaders.") -> Question:
    return Question(code, text, scale)


def page(scale: Scale = AGREE, order: tuple[int, ...] | None = None) -> Form:
    return Form(question(scale=scale), order or tuple(range(len(scale))))


def persona(text: str = "You are a person.", country: str = "XNA", weight: float = 1.0) -> Persona:
    return Persona("none", text, weight, country)


def item(code: str = "F063") -> ValueItem:
    return ValueItem(code, "How important God is in life", TEN, "traditional_secular", -1)


def said(text: str) -> Reply:
    return Reply(text, None, "stop")


def voted(**mass: float) -> Reply:
    """A reply whose first token has the given probabilities; underscores stand for leading spaces."""
    ranked = sorted(mass.items(), key=lambda pair: -pair[1])
    tokens = tuple((token.replace("_", " "), math.log(p)) for token, p in ranked)
    return Reply(tokens[0][0], tokens, "length")


def interruptible(arguments: Sequence[str]) -> "subprocess.Popen[str]":
    """Start a process that hears Ctrl-C, its output in pipes.

    A script that puts the tests into the background bids them ignore it, and what they start inherits that.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, before)


def interrupted(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """What a process says that is interrupted, once."""
    process.send_signal(signal.SIGINT)
    return process.communicate(timeout=60)  # a second or two; a busy machine may take longer


@contextmanager
def new_database() -> Iterator[str]:
    """A database on the PostgreSQL server that the environment names: its address, as a person types it."""
    server = os.environ.get("VALUE_PERSONAS_TEST_POSTGRES")
    if not server:
        pytest.skip("VALUE_PERSONAS_TEST_POSTGRES names no server")
    name = f"vp_{uuid.uuid4().hex}"
    admin = sa.create_engine(
        sa.make_url(server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    try:
        yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()
