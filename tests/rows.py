"""Rows that tests need without the file that would make them."""

from __future__ import annotations

import numpy as np

from projects.models import Asset, Team, Video


def video_index(asset: Asset, frames: int = 100, fps: int = 25) -> Video:
    """The index of a video of constant rate whose first frame is its only key frame; not saved."""
    return Video(
        asset=asset,
        frames=frames,
        fps=fps,
        time_base_numerator=1,
        time_base_denominator=fps,
        codec="h264",
        pts_bytes=np.arange(frames, dtype="<i8").tobytes(),
        key_frames_bytes=np.zeros(1, "<i4").tobytes(),
    )


def asset_row(team: Team, n: int = 0, width: int = 640, height: int = 480) -> Asset:
    """A picture of the library without its file."""
    return Asset.objects.create(
        team=team,
        kind="image",
        sha256=f"{n:064x}",
        size=1,
        content_type="image/jpeg",
        original_name=f"{n}.jpg",
        width=width,
        height=height,
        brightness=100.0,
    )
