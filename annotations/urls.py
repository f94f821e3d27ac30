from django.urls import path

from annotations import label_views, session_views, views, work_views

urlpatterns = [
    path("items/<uuid:item_id>/", views.editor, name="editor"),
    path("projects/<uuid:project_id>/sessions/", session_views.project_sessions, name="project-sessions"),
    path("projects/<uuid:project_id>/sessions/now/", session_views.now, name="project-sessions-now"),
    path("projects/<uuid:project_id>/work/", work_views.work, name="project-work"),
    path("projects/<uuid:project_id>/work/<uuid:item_id>/", work_views.consensus_page, name="project-consensus"),
    path("projects/<uuid:project_id>/labels/<uuid:label_id>/merge/", label_views.merge, name="label-merge"),
    path("projects/<uuid:project_id>/labels/<uuid:label_id>/remove/", label_views.remove, name="label-remove"),
    path("projects/<uuid:project_id>/labels/<uuid:label_id>/restore/", label_views.restore, name="label-restore"),
]
