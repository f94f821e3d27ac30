"""The job that brings files from their addresses into a project.

First every file is fetched and stored in the library, then all of them become items together with the job's end: a job
that begins anew after a crash adds nothing twice. An address that gave no file is told in the report; the others count.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction

from projects import guard, intake, jobs
from projects.models import Asset, Job, Project, User
from projects.uploads import fetching, staging
from projects.uploads.fetching import FetchError
from projects.vault import Vault, VaultError

KIND = "fetch"
TASK = "projects.tasks.run_fetch_job"
MOST_URLS = 1000
jobs.register(KIND, TASK)

# A signed address is a key, and a job's parameters are shown to everybody in the project.
_vault = Vault("addresses to fetch", "The list of addresses")


@dataclass
class _Got:
    """What became of one address."""

    url: str
    path: str
    asset: Asset | None = None
    new: bool = False
    code: str = ""
    detail: str = ""


def rules() -> guard.Rules:
    """What this installation allows of the addresses of files."""
    named = tuple(settings.ALLOWED_PRIVATE_NETWORKS)
    return guard.Rules(private=False, networks=named, setting="a missing entry in ALLOWED_PRIVATE_NETWORKS")


def start(project: Project, urls: Sequence[str], folder: str, by: User) -> Job:
    """Queue the fetching of addresses that were checked; their files go into `folder` of the project."""
    title = f"Fetch {fetching.name_of(urls[0])}" if len(urls) == 1 else f"Fetch {len(urls)} files"
    params = {"count": len(urls), "path": folder, "addresses": _vault.lock(json.dumps(list(urls)))}
    return jobs.start(project, KIND, title, params, by)


def work(held: jobs.Held) -> None:
    try:
        urls: list[str] = json.loads(_vault.unlock(held.job.params["addresses"]))
    except VaultError as error:
        raise jobs.JobError("secret-changed", str(error)) from error
    folder = held.job.params["path"]
    got: list[_Got] = []
    try:
        for n, url in enumerate(urls):
            held.step(n, len(urls), "fetch", files=n)
            got.append(_fetch(held, url, folder))
        held.step(len(urls), len(urls), "add")
        _add(held, got)
    except BaseException:
        _forget(got)
        raise


def _fetch(held: jobs.Held, url: str, folder: str) -> _Got:
    name = intake.clean_name(fetching.name_of(url))
    one = _Got(url, intake.clean_path(f"{folder}/{name}"))
    limits = fetching.Limits(settings.MAX_RESUMABLE_BYTES, settings.FETCH_SECONDS)
    try:
        with tempfile.NamedTemporaryFile(prefix="fetch-", dir=settings.FILE_UPLOAD_TEMP_DIR) as file:
            fetching.download(url, file, rules(), limits, held.check)
            project = held.job.project
            by, most = held.job.created_by, settings.MAX_RESUMABLE_BYTES
            one.asset, one.new = intake.store_file(project.team, Path(file.name), name, by, most=most)
    except (FetchError, intake.IntakeError) as error:
        one.code, one.detail = error.code, error.detail
        held.log(f"{fetching.shown(url)}: {error.detail}")
    return one


@transaction.atomic
def _add(held: jobs.Held, got: list[_Got]) -> None:
    added, refused = [], []
    for one in got:
        said = {"url": fetching.shown(one.url)}
        if one.asset is None:
            refused.append({**said, "code": one.code, "detail": one.detail})
        else:
            item = intake.add_item(held.job.project, one.asset, one.path, held.job.created_by)
            added.append({**said, "item": str(item.pk), "path": item.path})
    held.finish({"items": len(added), "added": added, "refused": refused})


def _forget(got: list[_Got]) -> None:
    """The library does not keep what became no item."""
    for one in got:
        if one.asset is not None and one.new:
            staging.forget_asset(one.asset)
