from django.urls import path

from annotations import views

urlpatterns = [
    path("items/<uuid:item_id>/", views.editor, name="editor"),
]
