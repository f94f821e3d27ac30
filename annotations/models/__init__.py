from annotations.models.comments import Comment, Thread
from annotations.models.document import Annotation, JournalTx, Source
from annotations.models.sessions import AnnotationSession, Participant

__all__ = ["Annotation", "AnnotationSession", "Comment", "JournalTx", "Participant", "Source", "Thread"]
