"""Files in S3, or in what speaks its language; apart from `storage`, because its library takes long to load."""

from __future__ import annotations

from storages.backends.s3 import S3Storage

from projects import storage


class Bucket(S3Storage):
    """Nothing is deleted while a backup is being made."""

    def delete(self, name: str) -> None:
        if not storage.stays():
            super().delete(name)
