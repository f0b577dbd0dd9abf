"""Texts of a certain form."""

from typing import Annotated

import pytest
from pydantic import BaseModel, ValidationError

from value_personas.programs.engines import EngineSettings
from value_personas.signatures import OfForm


class _Made(BaseModel):
    line: Annotated[str, OfForm(r"^[^\n]*$", "one line")] | None = None


@pytest.mark.parametrize("text", ["two\nlines", "a line\n"])
def test_another_form_is_told_in_words(text: str) -> None:
    with pytest.raises(ValidationError, match="expected one line"):
        _Made(line=text)
    assert _Made(line="a line").line == "a line"


def test_the_schema_has_the_pattern() -> None:
    (text, _) = _Made.model_json_schema()["properties"]["line"]["anyOf"]
    assert text == {"pattern": r"^[^\n]*$", "type": "string"}


@pytest.mark.parametrize("place", ["local:4", "tcp://10.0.0.1:8786", "tls://[::1]:8786", "wss://host:8786"])
def test_addresses_of_clusters(place: str) -> None:
    assert EngineSettings(cluster=place).cluster == place


def test_a_slash_behind_an_address_says_nothing() -> None:
    assert EngineSettings(cluster="tcp://10.0.0.1:8786/").cluster == "tcp://10.0.0.1:8786"


@pytest.mark.parametrize(
    "place",
    ["http://host:8787", "host:8786", "local", "local:0", "tcp://host", "tcp://a@host:1", "tcp://host:1/x",
     "inproc://10.0.0.1/9/1", "tcp://", ""],
)  # fmt: skip
def test_what_is_no_address_of_a_cluster_is_told_what_one_is(place: str) -> None:
    with pytest.raises(
        ValidationError, match=r"expected a Dask scheduler's address such as tcp://10\.0\.0\.1"
    ):
        EngineSettings(cluster=place)
