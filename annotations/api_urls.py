"""The REST interface of annotations, under /api/v1/."""

from django.urls import URLPattern, path

from annotations import api, blob_api, comments_api, consensus_api, history_api, labels_api, sessions_api, work_api

urlpatterns: list[URLPattern] = [
    path("items/<uuid:item_id>/annotations", api.Annotations.as_view()),
    path("items/<uuid:item_id>/tx", api.Transactions.as_view()),
    path("items/<uuid:item_id>/history", api.History.as_view()),
    path("items/<uuid:item_id>/blobs", blob_api.Blobs.as_view()),
    path("items/<uuid:item_id>/blobs/<str:digest>", blob_api.Blob.as_view()),
    path("items/<uuid:item_id>/diff", history_api.Diff.as_view()),
    path("items/<uuid:item_id>/restore", history_api.Restore.as_view()),
    path("items/<uuid:item_id>/threads", comments_api.ItemThreads.as_view()),
    path("threads/<uuid:thread_id>/comments", comments_api.ThreadComments.as_view()),
    path("threads/<uuid:thread_id>/resolve", comments_api.ResolveThread.as_view()),
    path("threads/<uuid:thread_id>/reopen", comments_api.ReopenThread.as_view()),
    path("comments/<uuid:comment_id>", comments_api.OneComment.as_view()),
    path("projects/<uuid:project_id>/sessions", sessions_api.Sessions.as_view()),
    path("sessions/<uuid:session_id>", sessions_api.OneSession.as_view()),
    path("items/<uuid:item_id>/state", work_api.ItemState.as_view()),
    path("items/<uuid:item_id>/claim", work_api.ItemClaim.as_view()),
    path("projects/<uuid:project_id>/labels/<uuid:label_id>/merge", labels_api.MergeLabel.as_view()),
    path("projects/<uuid:project_id>/labels/<uuid:label_id>/remove", labels_api.RemoveLabel.as_view()),
    path("projects/<uuid:project_id>/labels/<uuid:label_id>/restore", labels_api.RestoreLabel.as_view()),
    path("projects/<uuid:project_id>/item-states", work_api.ItemStates.as_view()),
    path("projects/<uuid:project_id>/assignments", work_api.Assignments.as_view()),
    path("projects/<uuid:project_id>/next-item", work_api.NextItem.as_view()),
    path("projects/<uuid:project_id>/consensus", consensus_api.ProjectConsensus.as_view()),
    path("projects/<uuid:project_id>/ground-truth", consensus_api.GroundTruth.as_view()),
    path("projects/<uuid:project_id>/work-rules", consensus_api.Rules.as_view()),
    path("items/<uuid:item_id>/consensus", consensus_api.ItemConsensus.as_view()),
    path("items/<uuid:item_id>/consensus/merge", consensus_api.Merge.as_view()),
]
