"""The REST interface of versions, training jobs and models, under /api/v1/."""

from django.urls import URLPattern, URLResolver, include, path

from training import api

_PROJECT = "projects/<uuid:project_id>"

urlpatterns: list[URLPattern | URLResolver] = [
    path(f"{_PROJECT}/versions", api.Versions.as_view()),
    path("versions/<uuid:version_id>", api.OneVersion.as_view()),
    path(f"{_PROJECT}/training-jobs", api.TrainingJobs.as_view()),
    path(f"{_PROJECT}/models", api.Models.as_view()),
    path("models/<uuid:model_id>", api.OneModel.as_view()),
    path("models/<uuid:model_id>/predict", api.Predict.as_view()),
    path("", include("training.assist_urls")),
]
