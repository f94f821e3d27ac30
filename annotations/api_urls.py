"""The REST interface of annotations, under /api/v1/."""

from django.urls import URLPattern, path

from annotations import api, comments_api, history_api, work_api

urlpatterns: list[URLPattern] = [
    path("items/<uuid:item_id>/annotations", api.Annotations.as_view()),
    path("items/<uuid:item_id>/tx", api.Transactions.as_view()),
    path("items/<uuid:item_id>/history", api.History.as_view()),
    path("items/<uuid:item_id>/diff", history_api.Diff.as_view()),
    path("items/<uuid:item_id>/restore", history_api.Restore.as_view()),
    path("items/<uuid:item_id>/threads", comments_api.ItemThreads.as_view()),
    path("threads/<uuid:thread_id>/comments", comments_api.ThreadComments.as_view()),
    path("threads/<uuid:thread_id>/resolve", comments_api.ResolveThread.as_view()),
    path("threads/<uuid:thread_id>/reopen", comments_api.ReopenThread.as_view()),
    path("comments/<uuid:comment_id>", comments_api.OneComment.as_view()),
    path("items/<uuid:item_id>/state", work_api.ItemState.as_view()),
    path("items/<uuid:item_id>/claim", work_api.ItemClaim.as_view()),
    path("projects/<uuid:project_id>/item-states", work_api.ItemStates.as_view()),
    path("projects/<uuid:project_id>/assignments", work_api.Assignments.as_view()),
    path("projects/<uuid:project_id>/next-item", work_api.NextItem.as_view()),
]
