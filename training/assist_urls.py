"""The REST interface of assistance, under /api/v1/."""

from django.urls import URLPattern, path

from training import assist_api

_ASSIST = "items/<uuid:item_id>/assist"

urlpatterns: list[URLPattern] = [
    path(f"{_ASSIST}/grabcut", assist_api.CutOut.as_view()),
    path(f"{_ASSIST}/similar", assist_api.Similar.as_view()),
    path(f"{_ASSIST}/propagate", assist_api.Propagate.as_view()),
    path(f"{_ASSIST}/origins", assist_api.Origins.as_view()),
]
