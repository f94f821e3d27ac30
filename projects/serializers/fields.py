"""Fields whose refusals say how to mend what is wrong."""

from __future__ import annotations

from typing import Any, NoReturn

from rest_framework import serializers


class Choice(serializers.ChoiceField):
    """A choice that lists what there is to choose from when it is given something else."""

    default_error_messages = {"invalid_choice": "{input!r} is none of {choices}."}

    def fail(self, key: str, **given: Any) -> NoReturn:
        super().fail(key, choices=", ".join(str(choice) for choice in self.choices), **given)
        raise AssertionError  # `fail` never returns
