"""Long work: carried once, seen while it runs, stopped when nobody wants it, and ended with what it wrote."""

from __future__ import annotations

import pytest
from django.db import transaction

from projects import jobs, worker
from projects.models import Job, Label
from projects.models.job import Status
from projects.templatetags.pages import job_url
from tests.processes import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _kind(monkeypatch):
    monkeypatch.setattr(jobs, "_kinds", {})
    jobs.register("count", "tests.count")


@pytest.fixture
def job(project, alice) -> Job:
    return jobs.start(project, "count", "Count to three", {"to": 3}, alice)


def fresh(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


def test_the_result_and_the_end_are_stored_and_a_second_carrier_finds_nothing(job):
    seen = []

    def work(held: jobs.Held) -> dict[str, int]:
        seen.append(held.job.params["to"])
        return {"counted": 3}

    jobs.carry(job.pk, work)
    jobs.carry(job.pk, work)
    after = fresh(job)
    assert (seen, after.status, after.result, after.progress) == ([3], Status.SUCCEEDED, {"counted": 3}, 1.0)


def test_progress_is_seen_while_the_work_stands_in_one_transaction(job, project):
    def work(held: jobs.Held) -> None:
        with transaction.atomic():
            Label.objects.create(project=project, name="van", ordinal=2)
            held.step(1, 4, "write", labels=1)
            # The heartbeat's own connection wrote it, for the row is read again in this transaction.
            eventually(lambda: fresh(job).phase == "write")
            held.finish({"labels": 1})

    jobs.carry(job.pk, work)
    told = job.events.get(kind="progress").payload
    assert told == {"phase": "write", "progress": 0.25, "labels": 1}
    assert fresh(job).metrics == {"labels": 1} and fresh(job).status == Status.SUCCEEDED


def test_what_was_written_goes_when_the_job_is_cancelled_before_its_end(job, project):
    def work(held: jobs.Held) -> None:
        with transaction.atomic():
            Label.objects.create(project=project, name="van", ordinal=2)
            assert fresh(job).request_cancel()
            held.finish({})

    jobs.carry(job.pk, work)
    # The request itself stood in the transaction that was taken back; asked from outside it holds.
    assert not Label.objects.filter(name="van").exists()


def test_a_cancelled_job_is_told_at_its_next_step(job):
    def work(held: jobs.Held) -> None:
        fresh(job).request_cancel()
        eventually(lambda: _raises(held.check))
        held.step(1, 3)
        raise AssertionError("nobody wants this any more")

    jobs.carry(job.pk, work)
    assert fresh(job).status == Status.CANCELLED


def test_a_job_goes_back_to_the_queue_when_its_worker_is_told_to_end(job, monkeypatch):
    def work(held: jobs.Held) -> None:
        monkeypatch.setattr(worker, "stopping", lambda: True)
        held.step(1, 3)

    jobs.carry(job.pk, work)
    assert fresh(job).status == Status.QUEUED
    monkeypatch.setattr(worker, "stopping", lambda: False)
    jobs.carry(job.pk, lambda held: {"again": True})
    assert fresh(job).result == {"again": True}


def test_a_refusal_says_what_and_a_fault_is_named(job, project, alice):
    def refuse(held: jobs.Held) -> None:
        raise jobs.JobError("no-media", "There are no pictures yet: upload some first.")

    jobs.carry(job.pk, refuse)
    assert fresh(job).error == {"code": "no-media", "detail": "There are no pictures yet: upload some first."}

    other = jobs.start(project, "count", "Divide", {}, alice)
    jobs.carry(other.pk, lambda held: {"never": 1 // 0})
    assert fresh(other).status == Status.FAILED and fresh(other).error["code"] == "internal"


def test_a_holder_that_lost_its_claim_writes_nothing(job, project):
    def work(held: jobs.Held) -> None:
        Job.objects.filter(pk=job.pk).update(attempt_token=None, status=Status.QUEUED)
        with transaction.atomic():
            Label.objects.create(project=project, name="van", ordinal=2)
            held.finish({})

    jobs.carry(job.pk, work)
    assert fresh(job).status == Status.QUEUED and not Label.objects.filter(name="van").exists()


def _raises(check) -> bool:
    try:
        check()
    except jobs.Interrupted:
        return True
    return False


@pytest.mark.parametrize(
    ("kind", "page"),
    [("train", "/training/{job}/"), ("import", "/projects/{project}/data/"), ("fetch", "/projects/{project}/")],
)
def test_each_kind_of_job_is_followed_on_a_page_of_its_own(project, kind, page):
    job = Job.objects.create(project=project, kind=kind)
    assert job_url(job) == page.format(job=job.pk, project=project.pk)
