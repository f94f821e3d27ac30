from django.urls import path

from annotations.views import data, editor, findings, labels, sessions, statistics, work

urlpatterns = [
    path("items/<uuid:item_id>/", editor.editor, name="editor"),
    path("projects/<uuid:project_id>/sessions/", sessions.project_sessions, name="project-sessions"),
    path("projects/<uuid:project_id>/sessions/now/", sessions.now, name="project-sessions-now"),
    path("projects/<uuid:project_id>/statistics/", statistics.statistics, name="project-statistics"),
    path("projects/<uuid:project_id>/statistics/now/", statistics.now, name="project-statistics-now"),
    path("projects/<uuid:project_id>/checks/", findings.checks, name="project-checks"),
    path("projects/<uuid:project_id>/data/", data.data, name="project-data"),
    path("projects/<uuid:project_id>/work/", work.work, name="project-work"),
    path("projects/<uuid:project_id>/work/<uuid:item_id>/", work.consensus_page, name="project-consensus"),
    path("projects/<uuid:project_id>/labels/<uuid:label_id>/merge/", labels.merge, name="label-merge"),
    path("projects/<uuid:project_id>/labels/<uuid:label_id>/remove/", labels.remove, name="label-remove"),
    path("projects/<uuid:project_id>/labels/<uuid:label_id>/restore/", labels.restore, name="label-restore"),
]
