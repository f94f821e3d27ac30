"""The REST interface of annotations, under /api/v1/."""

from django.urls import URLPattern, path

from annotations.api import blobs, comments, consensus, document, exports, history, imports, labels, sessions, work

urlpatterns: list[URLPattern] = [
    path("items/<uuid:item_id>/annotations", document.Annotations.as_view()),
    path("items/<uuid:item_id>/tx", document.Transactions.as_view()),
    path("items/<uuid:item_id>/history", history.History.as_view()),
    path("items/<uuid:item_id>/blobs", blobs.Blobs.as_view()),
    path("items/<uuid:item_id>/blobs/<str:digest>", blobs.Blob.as_view()),
    path("items/<uuid:item_id>/diff", history.Diff.as_view()),
    path("items/<uuid:item_id>/restore", history.Restore.as_view()),
    path("items/<uuid:item_id>/threads", comments.ItemThreads.as_view()),
    path("threads/<uuid:thread_id>/comments", comments.ThreadComments.as_view()),
    path("threads/<uuid:thread_id>/resolve", comments.ResolveThread.as_view()),
    path("threads/<uuid:thread_id>/reopen", comments.ReopenThread.as_view()),
    path("comments/<uuid:comment_id>", comments.OneComment.as_view()),
    path("projects/<uuid:project_id>/sessions", sessions.Sessions.as_view()),
    path("sessions/<uuid:session_id>", sessions.OneSession.as_view()),
    path("items/<uuid:item_id>/state", work.ItemState.as_view()),
    path("items/<uuid:item_id>/claim", work.ItemClaim.as_view()),
    path("projects/<uuid:project_id>/labels/<uuid:label_id>/merge", labels.MergeLabel.as_view()),
    path("projects/<uuid:project_id>/labels/<uuid:label_id>/remove", labels.RemoveLabel.as_view()),
    path("projects/<uuid:project_id>/labels/<uuid:label_id>/restore", labels.RestoreLabel.as_view()),
    path("projects/<uuid:project_id>/imports", imports.Imports.as_view()),
    path("jobs/<uuid:job_id>/undo-import", imports.UndoImport.as_view()),
    path("projects/<uuid:project_id>/item-states", work.ItemStates.as_view()),
    path("projects/<uuid:project_id>/assignments", work.Assignments.as_view()),
    path("projects/<uuid:project_id>/next-item", work.NextItem.as_view()),
    path("projects/<uuid:project_id>/consensus", consensus.ProjectConsensus.as_view()),
    path("projects/<uuid:project_id>/ground-truth", consensus.GroundTruth.as_view()),
    path("projects/<uuid:project_id>/work-rules", consensus.Rules.as_view()),
    path("items/<uuid:item_id>/consensus", consensus.ItemConsensus.as_view()),
    path("items/<uuid:item_id>/consensus/merge", consensus.Merge.as_view()),
    path("formats", exports.Formats.as_view()),
    path("projects/<uuid:project_id>/conversions", exports.Conversions.as_view()),
    path("projects/<uuid:project_id>/exports", exports.Exports.as_view()),
]
