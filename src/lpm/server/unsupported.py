"""Fields of OpenAI's that this server does not do: only values that change no answer are taken."""

from __future__ import annotations

from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema


class Only:
    """Marks a field that takes nothing but the given values, and null."""

    def __init__(self, *values: object) -> None:
        self._values = (None, *values)

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check a value; see pydantic."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe the values; see pydantic."""
        return {"enum": list(self._values)}

    def _check(self, value: Any) -> Any:
        if value not in self._values:
            raise ValueError("it would change the answer and is not done here; leave it out")
        return value
