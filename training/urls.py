"""The pages of versions, training jobs and models."""

from django.urls import URLPattern, path

from training import version_views, views

urlpatterns: list[URLPattern] = [
    path("projects/<uuid:project_id>/training/", views.training, name="project-training"),
    path("projects/<uuid:project_id>/models/", views.models, name="project-models"),
    path("projects/<uuid:project_id>/versions/", version_views.versions, name="project-versions"),
    path("projects/<uuid:project_id>/versions/new/", version_views.new, name="version-new"),
    path("versions/<uuid:version_id>/", version_views.version, name="version"),
    path("training/<uuid:job_id>/", views.job, name="training-job"),
]
