"""The REST interface of people, projects, items and jobs, under /api/v1/."""

from django.urls import URLPattern, path

from projects.api import (
    auth,
    fetches,
    frame_items,
    items,
    jobs,
    members,
    notices,
    playback,
    projects,
    teams,
    tiles,
    tokens,
    uploads,
    watches,
)

_TEAM = "teams/<uuid:team_id>"
_PROJECT = "projects/<uuid:project_id>"
_ITEM = "items/<uuid:item_id>"
_JOB = "jobs/<uuid:job_id>"
_BATCH = "upload-batches/<uuid:batch_id>"

urlpatterns: list[URLPattern] = [
    path("notices", notices.Notices.as_view()),
    path("notices/read", notices.ReadNotices.as_view()),
    path("auth/register", auth.Register.as_view()),
    path("auth/login", auth.SignIn.as_view()),
    path("auth/refresh", auth.Refresh.as_view()),
    path("auth/logout", auth.SignOut.as_view()),
    path("auth/me", auth.Me.as_view()),
    path("auth/tokens", tokens.Tokens.as_view()),
    path("auth/tokens/<uuid:token_id>", tokens.Token.as_view()),
    path("teams", teams.Teams.as_view()),
    path(_TEAM, teams.OneTeam.as_view()),
    path(f"{_TEAM}/members", teams.TeamMembers.as_view()),
    path(f"{_TEAM}/members/<uuid:member_id>", teams.TeamMember.as_view()),
    path(f"{_TEAM}/invitations", teams.Invitations.as_view()),
    path(f"{_TEAM}/invitations/<uuid:invitation_id>", teams.OneInvitation.as_view()),
    path("invitations/accept", teams.AcceptInvitation.as_view()),
    path("projects", projects.Projects.as_view()),
    path(_PROJECT, projects.OneProject.as_view()),
    path(f"{_PROJECT}/labels", projects.Labels.as_view()),
    path(f"{_PROJECT}/labels/<uuid:label_id>", projects.OneLabel.as_view()),
    path(f"{_PROJECT}/members", members.Members.as_view()),
    path(f"{_PROJECT}/members/<uuid:member_id>", members.OneMember.as_view()),
    path(f"{_TEAM}/assets", items.Library.as_view()),
    path(f"{_PROJECT}/items", items.Items.as_view()),
    path(f"{_PROJECT}/watches", watches.Watches.as_view()),
    path("watches/<uuid:watch_id>", watches.OneWatch.as_view()),
    path(f"{_PROJECT}/fetches", fetches.Fetches.as_view()),
    path(f"{_PROJECT}/uploads", uploads.Uploads.as_view()),
    path(f"{_PROJECT}/uploads/", uploads.UploadsWithSlash.as_view()),
    path("uploads/<uuid:upload_id>", uploads.OneUpload.as_view()),
    path(f"{_PROJECT}/upload-batches", uploads.Batches.as_view()),
    path(_BATCH, uploads.OneBatch.as_view()),
    path(f"{_BATCH}/commit", uploads.CommitBatch.as_view()),
    path(f"{_BATCH}/discard", uploads.DiscardBatch.as_view()),
    path(f"{_BATCH}/restore", uploads.RestoreBatch.as_view()),
    path(_ITEM, items.OneItem.as_view()),
    path(f"{_ITEM}/frames/<int:n>", items.Frame.as_view()),
    path(f"{_ITEM}/tiles", tiles.Tiles.as_view()),
    path(f"{_ITEM}/tiles/<int:level>/<int:x>/<int:y>", tiles.OneTile.as_view()),
    path(f"{_ITEM}/frames-as-items", frame_items.FramesAsItems.as_view()),
    path(f"{_ITEM}/playback", playback.Playback.as_view()),
    path(f"{_ITEM}/playback/times", playback.Times.as_view()),
    path(f"{_PROJECT}/jobs", jobs.Jobs.as_view()),
    path(_JOB, jobs.OneJob.as_view()),
    path(f"{_JOB}/cancel", jobs.CancelJob.as_view()),
    path(f"{_JOB}/log", jobs.JobLog.as_view()),
    path(f"{_JOB}/events", jobs.JobEvents.as_view()),
]
