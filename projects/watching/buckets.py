"""Files below a prefix of an S3 bucket, through signed addresses that the guard checks like any other."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import IO, Any
from urllib.parse import urlsplit

from defusedxml import ElementTree

from projects import guard
from projects.uploads import fetching
from projects.uploads.fetching import FetchError, Limits
from projects.watching.folders import PlaceError

_LIST = Limits(32 * 2**20, 60)
_SPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"
_EXPIRES_S = 3600


def nothing() -> None:
    pass


class Bucket:
    """One prefix. `keys`: access key and secret key, or none for a bucket that everybody may read."""

    def __init__(self, config: dict[str, Any], keys: tuple[str, str] | None, rules: guard.Rules) -> None:
        self.config, self.rules = config, rules
        self.prefix: str = config.get("prefix", "")
        self._client = _client(config, keys)

    def _url(self, call: str, **params: Any) -> str:
        given = {"Bucket": self.config["bucket"], **params}
        url: str = self._client.generate_presigned_url(call, given, ExpiresIn=_EXPIRES_S)
        return url

    def listed(self, most: int) -> dict[str, str]:
        """Every object below the prefix: its key without the prefix, and its ETag with its size.

        Raises:
            PlaceError: the bucket cannot be read, or has more than `most` there.
        """
        found: dict[str, str] = {}
        more: dict[str, str] = {}
        while True:
            page = self._page(more)
            for entry in page.iter(f"{_SPACE}Contents"):
                key = entry.findtext(f"{_SPACE}Key") or ""
                mark = f"{entry.findtext(f'{_SPACE}Size')}-{(entry.findtext(f'{_SPACE}ETag') or '').strip(chr(34))}"
                if not key.endswith("/"):
                    found[key.removeprefix(self.prefix)] = mark[:100]
            if len(found) > most:
                raise PlaceError(f"There are more than {most} objects: watch a longer prefix.")
            token = page.findtext(f"{_SPACE}NextContinuationToken")
            if not token:
                return found
            more = {"ContinuationToken": token}

    def _page(self, more: dict[str, str]) -> Any:
        body = io.BytesIO()
        try:
            fetching.download(
                self._url("list_objects_v2", Prefix=self.prefix, **more), body, self.rules, _LIST, nothing
            )
            return ElementTree.fromstring(body.getvalue())
        except FetchError as error:
            raise PlaceError(f"The bucket cannot be read: {error.detail}") from error
        except ElementTree.ParseError as error:
            raise PlaceError("What is at this address does not answer like S3.") from error

    def copy(self, key: str, to: IO[bytes], limits: Limits, tick: Callable[[], None] = nothing) -> None:
        """Write an object into a file.

        Raises:
            FetchError: it is not there any more, or too large.
        """
        fetching.download(self._url("get_object", Key=self.prefix + key), to, self.rules, limits, tick)


def _client(config: dict[str, Any], keys: tuple[str, str] | None) -> Any:
    """A signer of addresses; it opens no connection itself."""
    import boto3  # takes long to load
    from botocore import UNSIGNED
    from botocore.config import Config

    signed = {"aws_access_key_id": keys[0], "aws_secret_access_key": keys[1]} if keys else {}
    how = Config(s3={"addressing_style": "path"}, signature_version="s3v4" if keys else UNSIGNED)
    region = config.get("region") or "us-east-1"
    return boto3.session.Session().client(
        "s3", endpoint_url=config.get("endpoint") or None, region_name=region, config=how, **signed
    )


def check(config: dict[str, Any], rules: guard.Rules) -> None:
    """Raises AddressError: the endpoint is no address, or one that may not be opened."""
    if config.get("endpoint"):
        guard.resolve(fetching.check(config["endpoint"]), rules)
        if urlsplit(config["endpoint"]).query:
            raise guard.AddressError("The endpoint has a query in it: give scheme, host and port.")
