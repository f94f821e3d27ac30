"""A person, as every call names one."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class PersonNameSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
