from projects.models.answer import KeptAnswer
from projects.models.item import Item, StateChange
from projects.models.job import Job, JobEvent
from projects.models.library import Asset, Video
from projects.models.notice import Notice
from projects.models.people import ApiToken, Invitation, Membership, Role, Team, User
from projects.models.project import Label, Project, ProjectMembership
from projects.models.upload import Upload, UploadBatch
from projects.models.watch import Watch, WatchedFile

__all__ = [
    "ApiToken",
    "Asset",
    "Invitation",
    "Item",
    "Job",
    "JobEvent",
    "KeptAnswer",
    "Label",
    "Membership",
    "Notice",
    "Project",
    "ProjectMembership",
    "Role",
    "StateChange",
    "Team",
    "Upload",
    "UploadBatch",
    "User",
    "Video",
    "Watch",
    "WatchedFile",
]
