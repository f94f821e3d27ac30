"""Admin pages of people, projects, the library and jobs."""

from __future__ import annotations

from django.contrib import admin
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from projects.admin import jobs, library, people, project, uploads, watches

__all__ = ["jobs", "library", "people", "project", "uploads", "watches"]

admin.site.site_header = admin.site.site_title = "Frameloop administration"
admin.site.index_title = "Everything there is"

# Their rows hold whole refresh tokens, and there is nothing in them to administer.
for _model in (OutstandingToken, BlacklistedToken):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)
