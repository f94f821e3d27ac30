"""Every URL of the application: each app brings its pages and its part of the REST interface."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import include, path, re_path
from django.views.decorators.cache import cache_control
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config import source
from projects import problems


@cache_control(public=True, max_age=86_400)
def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers ask for this path on pages that name no icon of their own: the administration, files, answers."""
    return redirect(static("favicon.svg"))


urlpatterns = [
    path("favicon.ico", favicon),
    path("source.tar.gz", source.download, name="source"),
    path("admin/", admin.site.urls),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="api-docs"),
    path("api/v1/", include("projects.api_urls")),
    path("api/v1/", include("annotations.api_urls")),
    path("api/v1/", include("training.api_urls")),
    path("api/v1/", include("streaming.api_urls")),
    re_path(r"^api/v1/", problems.unknown_call),
    path("media/", include("projects.media_urls")),
    path("", include("projects.urls")),
    path("", include("annotations.urls")),
    path("", include("training.urls")),
    path("", include("streaming.urls")),
]

handler400 = problems.bad_request
handler403 = problems.permission_denied
handler404 = problems.not_found
handler500 = problems.server_error
