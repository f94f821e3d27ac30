"""The consumer as the Channels tutorial builds it, to be measured beside ours: group_send and the ORM."""

from __future__ import annotations

from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.db import transaction
from django.urls import path

from annotations.models import Annotation, JournalTx
from projects.models import Item


class TextbookConsumer(AsyncJsonWebsocketConsumer):
    """Durable as ours is: an item lock, a revision, a journal row and an upsert for each op."""

    async def connect(self) -> None:
        self.item_id = str(self.scope["url_route"]["kwargs"]["item_id"])
        await self.channel_layer.group_add(self.item_id.replace("-", ""), self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.item_id.replace("-", ""), self.channel_name)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        if content["type"] == "hello":
            await self.send_json({"type": "welcome", "conn": self.channel_name})
            return
        rev = await self.commit(content)
        await self.send_json({"type": "ack", "tx_id": content["tx_id"], "rev": rev})
        tx = {"rev": rev, "tx_id": content["tx_id"], "ops": content["ops"]}
        message = {"type": "ops", "from": rev, "to": rev, "txs": [tx]}
        await self.channel_layer.group_send(self.item_id.replace("-", ""), {"type": "tell", "message": message})

    async def tell(self, event: Any) -> None:
        await self.send_json(event["message"])

    @database_sync_to_async
    def commit(self, content: Any) -> int:
        user = self.scope["user"]
        person = user.pk if user.is_authenticated else None
        with transaction.atomic():
            item = Item.objects.select_for_update().get(pk=self.item_id)
            item.rev += 1
            item.save(update_fields=["rev"])
            op = content["ops"][0]
            changes = {"geometry": (op.get("set") or op)["geometry"], "updated_rev": item.rev, "updated_by_id": person}
            made = {"item": item, "label_id": op.get("label"), "created_rev": item.rev, **changes}
            Annotation.objects.update_or_create(pk=op["id"], defaults=changes, create_defaults=made)
            JournalTx.objects.create(
                item=item, rev=item.rev, client_id="t", tx_id=content["tx_id"], payload_hash=b"", ops=content["ops"]
            )
        return item.rev


websocket_urls = [path("ws/textbook/<uuid:item_id>/", TextbookConsumer.as_asgi())]
