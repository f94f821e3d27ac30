"""The REST interface of annotations, under /api/v1/."""

from django.urls import URLPattern, path

from annotations import api, work_api

urlpatterns: list[URLPattern] = [
    path("items/<uuid:item_id>/annotations", api.Annotations.as_view()),
    path("items/<uuid:item_id>/tx", api.Transactions.as_view()),
    path("items/<uuid:item_id>/history", api.History.as_view()),
    path("items/<uuid:item_id>/state", work_api.ItemState.as_view()),
    path("items/<uuid:item_id>/claim", work_api.ItemClaim.as_view()),
    path("projects/<uuid:project_id>/item-states", work_api.ItemStates.as_view()),
    path("projects/<uuid:project_id>/assignments", work_api.Assignments.as_view()),
    path("projects/<uuid:project_id>/next-item", work_api.NextItem.as_view()),
]
