"""The pages of training jobs and models."""

from django.urls import URLPattern, path

from training import views

urlpatterns: list[URLPattern] = [
    path("projects/<uuid:project_id>/training/", views.training, name="project-training"),
    path("projects/<uuid:project_id>/models/", views.models, name="project-models"),
    path("training/<uuid:job_id>/", views.job, name="training-job"),
]
