"""The REST interface of assistance, under /api/v1/."""

from django.urls import URLPattern, path

from training import assist_api, prelabel_api

_ASSIST = "items/<uuid:item_id>/assist"

urlpatterns: list[URLPattern] = [
    path(_ASSIST, assist_api.Tools.as_view()),
    path(f"{_ASSIST}/click", assist_api.Click.as_view()),
    path(f"{_ASSIST}/grabcut", assist_api.CutOut.as_view()),
    path(f"{_ASSIST}/similar", assist_api.Similar.as_view()),
    path(f"{_ASSIST}/propagate", assist_api.Propagate.as_view()),
    path(f"{_ASSIST}/origins", assist_api.Origins.as_view()),
    path("projects/<uuid:project_id>/auto-label", prelabel_api.AutoLabel.as_view()),
    path("jobs/<uuid:job_id>/remove-suggestions", prelabel_api.RemoveSuggestions.as_view()),
    path("models/<uuid:model_id>/deploy", prelabel_api.Deploy.as_view()),
]
