"""The pages around the loop: people, teams, projects and their items."""

from django.urls import path

from projects.views import account, attributes, dashboard, items, labels, notices, people, project, skeletons, teams

urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("running-jobs/", dashboard.running_jobs, name="running-jobs"),
    path("notices/", notices.notices, name="notices"),
    path("notices/read/", notices.read_all, name="notices-read"),
    path("notices/<uuid:notice_id>/", notices.open_notice, name="notice"),
    path("sign-in/", people.SignIn.as_view(), name="sign-in"),
    path("sign-up/", people.sign_up, name="sign-up"),
    path("sign-out/", people.sign_out, name="sign-out"),
    path("account/", account.account, name="account"),
    path("account/password/", account.change_password, name="password"),
    path("account/tokens/", account.make_token, name="token-create"),
    path("account/tokens/<uuid:token_id>/revoke/", account.revoke_token, name="token-revoke"),
    path("teams/new/", teams.create, name="team-create"),
    path("teams/<uuid:team_id>/", teams.team, name="team"),
    path("teams/<uuid:team_id>/members/<uuid:membership_id>/", teams.change_member, name="team-member"),
    path("teams/<uuid:team_id>/invitations/", teams.invite, name="team-invite"),
    path("teams/<uuid:team_id>/invitations/<uuid:invitation_id>/revoke/", teams.revoke, name="invitation-revoke"),
    path("invitations/<str:token>/", teams.invitation, name="invitation"),
    path("projects/new/", project.create, name="project-create"),
    path("projects/<uuid:project_id>/", items.items, name="project"),
    path("projects/<uuid:project_id>/changed/", items.changed, name="project-changed"),
    path("projects/<uuid:project_id>/link/", items.link, name="project-link"),
    path("projects/<uuid:project_id>/settings/", project.settings, name="project-settings"),
    path("projects/<uuid:project_id>/delete/", project.delete, name="project-delete"),
    path("projects/<uuid:project_id>/members/", project.add_member, name="project-members"),
    path("projects/<uuid:project_id>/members/<uuid:membership_id>/", project.change_member, name="project-member"),
    path("projects/<uuid:project_id>/labels/", labels.add, name="project-labels"),
    path("projects/<uuid:project_id>/labels/<uuid:label_id>/", labels.change, name="project-label"),
    path("projects/<uuid:project_id>/labels/<uuid:label_id>/attributes/", attributes.change, name="project-attributes"),
    path("projects/<uuid:project_id>/labels/<uuid:label_id>/skeleton/", skeletons.change, name="project-skeleton"),
]
