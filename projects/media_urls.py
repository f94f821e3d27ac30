from django.urls import path

from projects.media import media

urlpatterns = [path("<str:token>/<str:name>", media, name="media")]
