"""The admin opens for every model, shows no secret, and can break neither the journal nor a team."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotations.models import (
    Annotation,
    AnnotationSession,
    Assignment,
    Claim,
    Comment,
    Consensus,
    Export,
    ImportedItem,
    ItemFigures,
    ItemMirror,
    JournalTx,
    MaskBlob,
    MirrorGone,
    Participant,
    ProjectFigures,
    Score,
    Thread,
    WorkRules,
)
from projects.models import (
    ApiToken,
    Asset,
    Invitation,
    Item,
    Job,
    KeptAnswer,
    Label,
    Membership,
    Notice,
    Project,
    ProjectMembership,
    Role,
    StateChange,
    Team,
    Upload,
    UploadBatch,
    User,
    Video,
    Watch,
    WatchedFile,
)
from streaming.models import Capture, Pipeline, Source
from tests.rows import video_index
from training.models import ItemEmbedding, Model, Restoration, Version, VersionFrame

REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)
OURS = {"projects", "annotations", "training", "streaming"}
WRITTEN_BY_THE_JOURNAL = (Annotation, JournalTx)
READ_ONLY = (
    *WRITTEN_BY_THE_JOURNAL, Version, VersionFrame, Asset, Video, Job, Capture, Notice, AnnotationSession, Participant,
    Consensus, Score, StateChange, Upload, UploadBatch, Watch, WatchedFile,
)  # fmt: skip
KEPT = (*READ_ONLY, User, Team, Project, Item, Model)


@pytest.fixture
def root(db) -> User:
    return User.objects.create_superuser("root@example.org", "a long enough password", name="Root")


@pytest.fixture
def client(root) -> Client:
    client = Client()
    client.force_login(root)
    return client


@pytest.fixture
def everything(project, alice, bob, charlie) -> dict:
    """A row of every model, all of them related."""
    label = project.labels.get(name="car")
    asset = Asset(team=project.team, kind="video", sha256="0" * 64, size=1, width=8, height=8, original_name="a.mp4")
    asset.thumbnail.save("a.webp", ContentFile(b"x"))
    asset.save()
    video_index(asset, frames=1).save()
    item = Item.objects.create(project=project, asset=asset, path="a.mp4", rev=1)
    Annotation.objects.create(
        id="018f0000-0000-7000-8000-000000000000", item=item, label=label, frame=0, author=alice,
        geometry={"type": "box", "x": 1, "y": 2, "w": 3, "h": 4}, created_rev=1, updated_rev=1,
    )  # fmt: skip
    JournalTx.objects.create(
        item=item, rev=1, client_id="c", tx_id="t", payload_hash=bytes(32), actor=alice, ops=[{"op": "create"}]
    )
    job = Job.objects.create(project=project, kind="train", title="YOLO", created_by=alice)
    job.record("log", {"line": "hello"})
    version = Version.objects.create(project=project, number=1, content_hash="0" * 64, labels=[], created_by=alice)
    ItemEmbedding.objects.create(item=item, kind=ItemEmbedding.LOOK, vector=[1 / 16] * 256)
    Restoration.objects.create(project=project, version=version, created_by=alice)
    VersionFrame.objects.create(version=version, item=item, asset=asset, path="a.mp4", frame=0, rev=1, shapes=[])
    model = Model.objects.create(project=project, name="First", engine="yolo", version=version, job=job, labels=[])
    source = Source.objects.create(project=project, name="Gate", kind="rtsp", secret="ciphertext")
    pipeline = Pipeline.objects.create(project=project, name="Gate", source=source, model=model)
    Capture.objects.create(pipeline=pipeline, item=item, model=model)
    thread = Thread.objects.create(item=item, frame=0, x=1, y=2, created_by=alice)
    Comment.objects.create(thread=thread, author=alice, text="Is this one?")
    MaskBlob.objects.create(item=item, digest="0" * 64, counts="PPYo0", created_by=alice)
    session = AnnotationSession.objects.create(item=item, started_by=alice)
    Participant.objects.create(session=session, user=alice)
    Assignment.objects.create(item=item, user=alice)
    Claim.objects.create(item=item, user=alice, part="annotate")
    Consensus.objects.create(item=item, created_by=alice)
    Score.objects.create(item=item, user=alice, precision=1, recall=0.5)
    WorkRules.objects.create(project=project)
    StateChange.objects.create(item=item, before="to-do", after="in-progress", by=alice, rev=1)
    ItemMirror.objects.create(item=item, folder="mirror/street/car")
    ItemFigures.objects.create(item=item, project=project, rev=1)
    ProjectFigures.objects.create(project=project)
    MirrorGone.objects.create(folder="mirror/street/bus")
    ImportedItem.objects.create(item=item, job=Job.objects.create(project=project, kind="import"))
    Export.objects.create(
        project=project, job=job, file="a.zip", original_name="car.zip", size=1, expires_at=timezone.now()
    )
    Notice.objects.create(user=alice, project=project, kind="mention", text="Bob mentioned you", url="/")
    Invitation.make(project.team, Role.VIEWER, alice)
    token, secret = ApiToken.objects.create(alice, expiry=None, name="nightly")
    batch = UploadBatch.objects.create(project=project, created_by=alice)
    Upload.objects.create(project=project, batch=batch, created_by=alice, name="a.png", expires_at=timezone.now())
    watch = Watch.objects.create(project=project, kind="s3", config={"bucket": "car"}, secret="ciphertext")
    WatchedFile.objects.create(watch=watch, key="car.jpg", mark="1")
    KeptAnswer.objects.create(user=alice, key="k1", fingerprint="f" * 64, status=201, body={"token": "hidden-body"})
    ProjectMembership.objects.create(project=project, user=charlie, role=Role.VIEWER)
    return {"secret": secret, "token": token, "item": item, "label": label, "asset": asset}


def url(model, page: str, *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_every_model_is_there():
    from django.apps import apps

    ours = {model for model in apps.get_models() if model._meta.app_label in OURS}
    assert ours == {model for model in REGISTERED if model._meta.app_label in OURS}


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_list_search_and_page_open(client, everything, model, django_assert_max_num_queries):
    if model._meta.app_label in OURS:
        options = admin.site._registry[model]
        assert options.search_fields and (options.list_filter or model in (Video, MirrorGone))
        assert model._default_manager.exists(), "the fixture has a row of each model"
    with django_assert_max_num_queries(25):
        assert client.get(url(model, "changelist")).status_code == 200
    assert client.get(url(model, "changelist"), {"q": "car"}).status_code == 200
    for row in model._default_manager.all()[:2]:
        page = client.get(url(model, "change", row.pk))
        assert page.status_code == 200, page


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_the_page_for_a_new_row_opens_where_there_is_one(client, everything, model):
    allowed = admin.site._registry[model].has_add_permission(client.get("/admin/").wsgi_request)
    assert client.get(url(model, "add")).status_code == (200 if allowed else 403)


def test_the_counts_link_to_the_rows_they_count(client, everything):
    page = client.get(url(Project, "changelist")).content.decode()
    link = f"{url(Item, 'changelist')}?project__pk__exact={everything['item'].project_id}"
    assert link.replace("&", "&amp;") in page
    followed = client.get(link)
    assert followed.status_code == 200 and "a.mp4" in followed.content.decode()


@pytest.mark.parametrize("model", READ_ONLY, ids=lambda model: model._meta.label)
def test_what_only_the_application_writes_cannot_be_written(client, everything, model):
    row = model._default_manager.first()
    before = model._default_manager.values().get(pk=row.pk)
    assert client.post(url(model, "add"), {}).status_code == 403
    assert client.post(url(model, "change", row.pk), {}).status_code == 403
    assert model._default_manager.values().get(pk=row.pk) == before


@pytest.mark.parametrize("model", KEPT, ids=lambda model: model._meta.label)
def test_what_labels_hang_on_cannot_be_deleted(client, everything, model):
    row = model._default_manager.first()
    assert client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"}
    client.post(url(model, "changelist"), chosen)
    assert model._default_manager.filter(pk=row.pk).exists()


def test_a_label_in_use_is_protected_also_from_the_list(client, everything):
    label = everything["label"]
    chosen = {"action": "delete_selected", "_selected_action": [str(label.pk)], "post": "yes"}
    client.post(url(Label, "changelist"), chosen)
    client.post(url(Label, "delete", label.pk), {"post": "yes"})
    assert Label.objects.filter(pk=label.pk).exists() and Annotation.objects.count() == 1


def test_an_unused_label_can_be_deleted(client, project):
    label = project.labels.get(name="person")
    client.post(url(Label, "delete", label.pk), {"post": "yes"})
    assert not Label.objects.filter(pk=label.pk).exists()


def test_new_labels_get_the_next_class_indices(client, project):
    rows = list(project.labels.all())
    form = {"name": "Street", "labels-TOTAL_FORMS": 4, "labels-INITIAL_FORMS": 2}
    form |= {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    for n, name in enumerate(("person", "car", "bus", "tram")):
        form |= {f"labels-{n}-project": project.pk, f"labels-{n}-name": name, f"labels-{n}-color": "#000000"}
        form[f"labels-{n}-id"] = rows[n].pk if n < 2 else ""
    assert client.post(url(Project, "change", project.pk), form).status_code == 302
    client.post(
        url(Label, "add"),
        {"project": project.pk, "name": "van", "color": "#000000", "attributes": "[]", "aliases": "[]"},
    )
    assert [label.name for label in project.labels.all()] == ["person", "car", "bus", "tram", "van"]
    assert [label.ordinal for label in project.labels.all()] == [0, 1, 2, 3, 4]


def test_no_page_shows_a_secret(client, everything):
    token = everything["token"]
    hidden = (
        everything["secret"],
        token.digest,
        token.token_key,
        "ciphertext",
        "hidden-body",
        Invitation.objects.get().token_hash,
    )
    for model in (ApiToken, Source, Watch, KeptAnswer, Invitation, User):
        for row in model._default_manager.all():
            pages = client.get(url(model, "changelist")).content + client.get(url(model, "change", row.pk)).content
            assert not [secret for secret in hidden if secret in pages.decode()], model
    assert (
        User.objects.first().password not in client.get(url(User, "change", User.objects.first().pk)).content.decode()
    )


def test_an_item_has_a_state_to_mend_and_nothing_else(client, everything):
    item = everything["item"]
    sent = {"state": "approved", "split": "val", "rev": "99", "path": "stolen"}
    assert client.post(url(Item, "change", item.pk), sent).status_code == 302
    item.refresh_from_db()
    assert (item.state, item.split, item.rev, item.path) == ("approved", "val", 1, "a.mp4")


def test_a_new_person_gets_a_team_and_can_sign_in(client):
    form = {"email": "Dan@example.org", "name": "Dan", "usable_password": "true"}
    sent = {**form, "password1": "correct horse battery", "password2": "correct horse battery"}
    answer = client.post(url(User, "add"), sent)
    assert answer.status_code == 302, answer.context["errors"]
    dan = User.objects.get(email="dan@example.org")
    assert dan.check_password("correct horse battery")
    assert Membership.objects.get(user=dan).role == Role.OWNER


def test_switching_off_spares_oneself(client, root, alice):
    chosen = {"action": "switch_off", "_selected_action": [str(root.pk), str(alice.pk)]}
    client.post(url(User, "changelist"), chosen)
    assert dict(User.objects.values_list("name", "is_active")) == {"Root": True, "Alice": False}


def test_jobs_can_be_cancelled(client, project):
    job = Job.objects.create(project=project, kind="train")
    client.post(url(Job, "changelist"), {"action": "cancel", "_selected_action": [str(job.pk)]})
    job.refresh_from_db()
    assert job.status == "cancelled"


def _members(team, role: str, delete: bool = False) -> dict:
    rows = list(Membership.objects.filter(team=team))
    form = {"name": team.name, "memberships-TOTAL_FORMS": len(rows), "memberships-INITIAL_FORMS": len(rows)}
    for n, row in enumerate(rows):
        form |= {f"memberships-{n}-id": row.pk, f"memberships-{n}-team": team.pk, f"memberships-{n}-user": row.user_id}
        form[f"memberships-{n}-role"] = role
        if delete:
            form[f"memberships-{n}-DELETE"] = "on"
    return form


@pytest.mark.parametrize("delete", [False, True])
def test_a_team_keeps_an_owner(client, team, alice, delete):
    answer = client.post(url(Team, "change", team.pk), _members(team, "owner" if delete else "viewer", delete))
    assert answer.status_code == 200 and "A team needs an owner" in answer.content.decode()
    assert Membership.objects.filter(team=team, role=Role.OWNER).count() == 1


def test_the_last_owners_membership_stays(client, team, alice, bob):
    hers, his = (Membership.objects.get(team=team, user=who) for who in (alice, bob))
    assert client.post(url(Membership, "delete", hers.pk), {"post": "yes"}).status_code == 403
    demoted = client.post(url(Membership, "change", hers.pk), {"team": team.pk, "user": alice.pk, "role": "viewer"})
    assert demoted.status_code == 200 and "last owner" in demoted.content.decode()
    chosen = {"action": "delete_selected", "_selected_action": [str(hers.pk)], "post": "yes"}
    client.post(url(Membership, "changelist"), chosen)
    assert Membership.objects.filter(pk=hers.pk).exists()
    assert client.post(url(Membership, "delete", his.pk), {"post": "yes"}).status_code == 302


def test_staff_only(alice):
    client = Client()
    client.force_login(alice)
    assert client.get("/admin/").status_code == 302
