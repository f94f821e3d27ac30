"""The team's library: stored files, each kept once whatever it is called."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.db import models, transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone

from projects.ids import uuid7
from projects.models.people import Team, User


class Kind(models.TextChoices):
    IMAGE = "image", "Image"
    VIDEO = "video", "Video"


class Mark(models.TextChoices):
    """What tells the packets of a video's frames apart (see `projects.videos`)."""

    PTS = "pts", "Presentation time"
    DTS = "dts", "Decoding time"
    ORDER = "order", "Count from the start"


class PlaybackState(models.TextChoices):
    """How far the packets for browsers are (see `projects.playback`)."""

    NONE = "none", "Not asked for"
    QUEUED = "queued", "Queued"
    MAKING = "making", "Being made"
    READY = "ready", "Ready"
    FAILED = "failed", "Failed"


# What only decoding needs.
INDEX_FIELDS = ("pts_bytes", "key_frames_bytes", "marks_bytes", "proxy_index")


class AssetQuerySet(models.QuerySet["Asset"]):
    def with_video(self) -> AssetQuerySet:
        """With the few facts of a video that lists show; its index, which may be megabytes, stays behind."""
        return self.select_related("video").defer(*(f"video__{name}" for name in INDEX_FIELDS))


class Asset(models.Model):
    """A stored image or video, addressed by the SHA-256 of the bytes that were uploaded."""

    TEAM_PATH = "team"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, models.CASCADE, related_name="assets")
    kind = models.CharField(max_length=5, choices=Kind.choices)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField(help_text="Bytes of the original file.")
    content_type = models.CharField(max_length=60)
    original_name = models.CharField(max_length=255)
    width = models.PositiveIntegerField(help_text="Pixels, of the upright picture.")
    height = models.PositiveIntegerField()
    file = models.FileField(max_length=255, help_text="The original, as uploaded.")
    upright = models.FileField(max_length=255, blank=True, help_text="EXIF-baked copy, where the original needs one.")
    thumbnail = models.FileField(max_length=255, blank=True)
    preview = models.FileField(max_length=255, blank=True, help_text="Of a huge picture: at most 1600 pixels a side.")
    tiles = models.FileField(max_length=255, blank=True, help_text="Of a huge picture: see `projects.tiles`.")
    brightness = models.FloatField(null=True, blank=True, help_text="Mean luma of the thumbnail, 0 to 255.")
    phash = models.BigIntegerField(null=True, blank=True, help_text="64 bits: see `projects.looks`.")
    notes = models.JSONField(default=list, blank=True, help_text="What was changed on the way in, in sentences.")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = AssetQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        constraints = (models.UniqueConstraint(fields=("team", "sha256"), name="stored_once_a_team"),)
        indexes = (models.Index(fields=("team", "created_at", "id"), name="assets_newest"),)

    def __str__(self) -> str:
        return self.original_name

    @property
    def picture(self) -> Any:
        """The file whose pixels annotations refer to."""
        return self.upright or self.file

    @property
    def frames(self) -> int:
        return self.video.frames if self.kind == Kind.VIDEO else 1


@receiver(post_delete, sender=Asset)
def _delete_files(instance: Asset, **_: Any) -> None:
    """The files go when the row is gone for good; what a crash leaves is swept later (`projects.tasks`)."""
    storage = instance.file.storage
    fields = (instance.file, instance.upright, instance.thumbnail, instance.preview, instance.tiles)
    names = [field.name for field in fields if field]
    transaction.on_commit(lambda: [storage.delete(name) for name in names])


class Video(models.Model):
    """The frame index of a video: the exact presentation time of every frame, in display order."""

    asset = models.OneToOneField(Asset, models.CASCADE, primary_key=True, related_name="video")
    frames = models.PositiveIntegerField()
    fps = models.FloatField(help_text="Average frames a second; the index is the truth.")
    time_base_numerator = models.PositiveIntegerField()
    time_base_denominator = models.PositiveIntegerField()
    codec = models.CharField(max_length=30)
    pts_bytes = models.BinaryField(help_text="int64, little-endian, one for each frame in display order.")
    key_frames_bytes = models.BinaryField(help_text="int32, little-endian: display indices of key frames.")
    mark = models.CharField(max_length=5, choices=Mark.choices, default=Mark.PTS)
    marks_bytes = models.BinaryField(
        null=True, blank=True, help_text="int64, little-endian, as pts: the mark of each frame where it is not its pts."
    )
    proxy = models.FileField(
        max_length=255, blank=True, help_text="H.264 copy that browsers can decode; none where the original can be."
    )
    packets = models.FileField(max_length=255, blank=True, help_text="Where each frame's packet lies in the copy.")
    proxy_index = models.JSONField(null=True, blank=True, help_text="What a decoder must know before the first packet.")
    playback_state = models.CharField(max_length=6, choices=PlaybackState.choices, default=PlaybackState.NONE)
    playback_progress = models.FloatField(default=0, help_text="Share of the frames that is done, 0 to 1.")
    playback_error = models.CharField(max_length=300, blank=True)
    playback_attempts = models.PositiveSmallIntegerField(default=0)
    playback_touched = models.DateTimeField(null=True, blank=True, help_text="The last sign of life of its maker.")

    def __str__(self) -> str:
        return f"{self.frames} frames of {self.asset}"

    @property
    def pts(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Presentation times in units of the time base, shape (frames,)."""
        return np.frombuffer(bytes(self.pts_bytes), "<i8")

    @property
    def key_frames(self) -> np.ndarray[Any, np.dtype[np.int32]]:
        return np.frombuffer(bytes(self.key_frames_bytes), "<i4")

    @property
    def marks(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """What names each frame's packet to a decoder, shape (frames,): the pts where they are to be trusted."""
        return self.pts if self.marks_bytes is None else np.frombuffer(bytes(self.marks_bytes), "<i8")


@receiver(post_delete, sender=Video)
def _delete_playback(instance: Video, **_: Any) -> None:
    names = [field.name for field in (instance.proxy, instance.packets) if field]
    storage = instance.proxy.storage
    transaction.on_commit(lambda: [storage.delete(name) for name in names])
