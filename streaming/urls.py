"""Pages and WHEP endpoints of pipelines."""

from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt

from streaming import views, whep

urlpatterns: list[URLPattern] = [
    path("projects/<uuid:project_id>/pipelines/", views.pipelines, name="project-pipelines"),
    path("pipelines/<uuid:pipeline_id>/", views.pipeline, name="pipeline"),
    path("pipelines/<uuid:pipeline_id>/snapshot/", views.snapshot, name="pipeline-snapshot"),
    path("pipelines/<uuid:pipeline_id>/mjpeg/", views.mjpeg, name="pipeline-mjpeg"),
    # Sessions are held to CSRF inside; bearer tokens need none.
    path("whep/<uuid:pipeline_id>/", csrf_exempt(whep.Endpoint.as_view()), name="whep"),
    path("whep/<uuid:pipeline_id>/<str:session>/", csrf_exempt(whep.SessionEndpoint.as_view()), name="whep-session"),
]
