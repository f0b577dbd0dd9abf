"""Settings that are a text of a certain form."""

import re
from dataclasses import dataclass
from typing import Any

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler


@dataclass(frozen=True, slots=True)
class OfForm:
    r"""Marks a text of a certain form: what has another is told in words what is expected.

    Attributes:
        pattern: what the whole text must match; it stands in the JSON schema.
        words: what goes on after "expected".

    Example:
        >>> Line = Annotated[str, OfForm(r"^[^\n]*$", "one line")]
    """

    pattern: str
    words: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        return AfterValidator(self._checked).__get_pydantic_core_schema__(source, handler)

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(schema) | {"pattern": self.pattern}

    def _checked(self, text: str) -> str:
        if re.fullmatch(self.pattern, text) is None:
            raise ValueError(f"expected {self.words}")
        return text
