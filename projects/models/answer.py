"""Answers kept for a day, so that a repeated POST does its work once."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from projects.models.people import User


class KeptAnswer(models.Model):
    """What a POST with an `Idempotency-Key` was answered; written in the transaction of its work."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the method, the URL and the body.")
    status = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField(null=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "key"), name="one_answer_a_key"),)

    def __str__(self) -> str:
        return f"{self.key}: {self.status}"
