"""The REST interface of annotations, under /api/v1/."""

from django.urls import URLPattern, path

from annotations import api

urlpatterns: list[URLPattern] = [
    path("items/<uuid:item_id>/annotations", api.Annotations.as_view()),
    path("items/<uuid:item_id>/tx", api.Transactions.as_view()),
    path("items/<uuid:item_id>/history", api.History.as_view()),
]
