"""The REST interface of versions, training jobs, models and assistance, under /api/v1/."""

from django.urls import URLPattern, path

from training.api import assist, jobs, models, prelabel, similar, versions

_PROJECT = "projects/<uuid:project_id>"
_ASSIST = "items/<uuid:item_id>/assist"

urlpatterns: list[URLPattern] = [
    path(f"{_PROJECT}/versions", versions.Versions.as_view()),
    path(f"{_PROJECT}/versions/preview", versions.Preview.as_view()),
    path("versions/<uuid:version_id>", versions.OneVersion.as_view()),
    path("versions/<uuid:version_id>/frames", versions.Frames.as_view()),
    path("versions/<uuid:version_id>/frames/<int:frame_id>/picture", versions.FramePicture.as_view()),
    path("versions/<uuid:version_id>/frames/<int:frame_id>/made", versions.FrameMade.as_view()),
    path("versions/<uuid:version_id>/diff", versions.Diff.as_view()),
    path("versions/<uuid:version_id>/restore", versions.Restore.as_view()),
    path(f"{_PROJECT}/training-jobs", jobs.TrainingJobs.as_view()),
    path(f"{_PROJECT}/models", models.Models.as_view()),
    path("models/<uuid:model_id>", models.OneModel.as_view()),
    path("models/<uuid:model_id>/predict", models.Predict.as_view()),
    path("models/<uuid:model_id>/deploy", models.Deploy.as_view()),
    path("items/<uuid:item_id>/similar", similar.Similar.as_view()),
    path(_ASSIST, assist.Tools.as_view()),
    path(f"{_ASSIST}/click", assist.Click.as_view()),
    path(f"{_ASSIST}/grabcut", assist.CutOut.as_view()),
    path(f"{_ASSIST}/similar", assist.Similar.as_view()),
    path(f"{_ASSIST}/propagate", assist.Propagate.as_view()),
    path(f"{_ASSIST}/origins", assist.Origins.as_view()),
    path(f"{_PROJECT}/auto-label", prelabel.AutoLabel.as_view()),
    path("jobs/<uuid:job_id>/remove-suggestions", prelabel.RemoveSuggestions.as_view()),
]
