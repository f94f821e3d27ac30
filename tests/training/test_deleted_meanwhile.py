"""What training stands on is deleted under it: the project while a job runs, an item that a version holds."""

from __future__ import annotations

import pytest

from projects.models import Item, Job, Project
from projects.models.job import Status
from tests.processes import eventually
from tests.training.test_supervised_job import alive, children, in_background, start
from training import runner
from training.models import Model, Version

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["start"]


def test_a_project_with_a_running_job_is_not_deleted_by_accident(start, alice, api):
    job = start()
    Job.claim(job.pk)
    refused = api(alice).delete(f"/api/v1/projects/{job.project_id}?confirm=Belt")
    assert (refused.status_code, refused.json()["code"]) == (409, "jobs-running")


def test_a_queued_job_goes_with_its_project(start, alice, api):
    job = start()
    assert api(alice).delete(f"/api/v1/projects/{job.project_id}?confirm=Belt").status_code == 204
    runner.run(job.pk)  # the message that is still in the queue
    assert not Job.objects.exists() and not Version.objects.exists()


@pytest.mark.parametrize("model", ["steady", "deaf"])
def test_a_project_that_goes_while_its_job_runs_takes_the_child_along(start, model):
    job = start(model, epochs=1000, pace=0.05)
    thread = in_background(lambda: runner.run(job.pk))
    eventually(children, what="the child")
    Project.objects.get(pk=job.project_id).erase()
    thread.join(30)
    assert not thread.is_alive()
    assert not [pid for pid in children() if alive(pid)]
    assert not Job.objects.exists() and not Model.objects.exists()
    runner.sweep()
    assert not runner.folder_of(job.pk).exists()


def test_a_version_trains_on_after_its_items_are_deleted(start, alice, api):
    job = start(epochs=2)
    for item in Item.objects.filter(project=job.project_id):
        assert api(alice).delete(f"/api/v1/items/{item.pk}?confirm=true").status_code == 204
    runner.run(job.pk)
    job.refresh_from_db()
    assert (job.status, job.error) == (Status.SUCCEEDED, None)
