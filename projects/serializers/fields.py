"""Fields whose refusals say how to mend what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from rest_framework import serializers


class Choice(serializers.ChoiceField):
    """A choice that lists what there is to choose from when it is given something else."""

    default_error_messages = {"invalid_choice": "{input!r} is none of {choices}."}

    def fail(self, key: str, **given: Any) -> NoReturn:
        super().fail(key, choices=", ".join(str(choice) for choice in self.choices), **given)
        raise AssertionError  # `fail` never returns


class Strict(serializers.Serializer[Any]):
    """Refuses fields that it does not know: what was misspelt would otherwise be left out without a word."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = [name for name in data if name not in self.fields] if isinstance(data, Mapping) else []
        if unknown:
            known = ", ".join(self.fields)
            raise serializers.ValidationError(
                {name: [f"There is no such field: there are {known}."] for name in unknown}
            )
        return super().to_internal_value(data)
