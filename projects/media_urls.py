from django.urls import path

from projects.media import media, media_tile

urlpatterns = [
    path("<str:token>/<str:name>", media, name="media"),
    path("<str:token>/<int:level>/<int:x>/<int:y>.webp", media_tile, name="media-tile"),
]
