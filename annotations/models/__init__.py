from annotations.models.blobs import MaskBlob
from annotations.models.comments import Comment, Thread
from annotations.models.document import Annotation, JournalTx, Source
from annotations.models.exports import Export
from annotations.models.figures import ItemFigures, ProjectFigures
from annotations.models.imports import ImportedItem
from annotations.models.mirror import ItemMirror, MirrorGone
from annotations.models.sessions import AnnotationSession, Participant
from annotations.models.work import Assignment, Claim, Consensus, Part, Score, WorkRules

__all__ = [
    "Annotation",
    "AnnotationSession",
    "Assignment",
    "Claim",
    "Comment",
    "Consensus",
    "Export",
    "ImportedItem",
    "ItemFigures",
    "ItemMirror",
    "JournalTx",
    "MaskBlob",
    "MirrorGone",
    "Part",
    "ProjectFigures",
    "Participant",
    "Score",
    "Source",
    "Thread",
    "WorkRules",
]
