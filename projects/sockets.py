"""The ASGI shell of every WebSocket: sign-in, a room, a bounded outbox, and closing with a reason.

A socket subclasses `RoomSocket` and fills in the hooks:

    class ProjectSocket(RoomSocket):
        async def authorise(self) -> str:
            await in_thread(access.fetch, Project.objects.all(), self.user, self.path["project_id"])
            return live.project_room(self.path["project_id"])

    websocket_urls = [path("ws/projects/<uuid:project_id>/", ProjectSocket.as_asgi())]

Everything published by `live.publish(room, ...)` reaches every socket of the room as one JSON text frame; so
does `notice` (and `notices-read`) of the person's own room, while anything else there asks for another look.

Channels' own consumer is not used: it hops to the one thread shared with the ORM for every message and
holds a channel of the layer for every socket; without both a process carries several times as much.

Close codes: 4400 malformed, 4401 sign-in, 4403 not (or no longer) allowed (`authorise` raised PermissionDenied),
4404 no such thing (it raised Http404), 4408 slow reader, 4409 version, 4413 too large, 4429 rate, 4503 drain.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import orjson
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404

from projects import live
from projects.hub import Frame, Hub
from projects.origins import OriginCheck, bearer
from projects.patrol import Patrol
from projects.sign_in import Credential, SignInFailed
from projects.threads import in_thread

__all__ = ["OriginCheck", "Refused", "RoomSocket", "in_thread"]
_log = logging.getLogger(__name__)
PROTOCOL = "frameloop.v1"
FRAME_BYTES = 256 * 1024
OUTBOX_MESSAGES = 256
OUTBOX_BYTES = 2**20
AUTH_WAIT_S = 10.0
REAUTH_S = 20.0
_CLOSE_WAIT_S = 2.0
_FOR_PEOPLE = '{"type":"notice'  # in a person's room: to be read by them, while the rest asks for another look

MALFORMED, SIGN_IN, REVOKED, MISSING, SLOW = 4400, 4401, 4403, 4404, 4408
VERSION, TOO_LARGE, RATE, DRAIN = 4409, 4413, 4429, 4503


class Refused(Exception):
    """The socket is to be closed with `code`; a hook may raise it anywhere."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class _Disconnected(Exception):
    """The client is gone."""


class RoomSocket:
    """One WebSocket in one room. See the module's description for what a subclass fills in.

    Attributes:
        user: who is signed in; set before `authorise`.
        may_write: False where the API token that signed in may only read.
        path: the values that the URL pattern captured.
        room: the room's name, as `authorise` gave it.
    """

    user: Any
    may_write = True
    room = ""
    _ending: tuple[int, str] | None = None
    unheard_bytes = 2**62  # how much may be sent to a client that says nothing; see `send_text`

    # Hooks

    async def authorise(self) -> str:
        """The room that this person may enter. Called again whenever their rights may have changed.

        Raises:
            Refused, Http404, PermissionDenied: they may not, or no longer.
        """
        raise NotImplementedError

    async def on_join(self) -> None:
        """The socket is in its room: its messages arrive from now on."""

    async def on_message(self, message: dict[str, Any]) -> None:
        """A message other than `ping` and `auth`. Anything unknown should be refused with 4400."""
        raise Refused(MALFORMED, f"Unknown message type {message['type']!r}.")

    async def on_leave(self) -> None:
        """The socket is gone; also called when it was refused half-way."""

    def pong(self, message: dict[str, Any]) -> dict[str, Any]:
        """The answer to a `ping`."""
        return {"type": "pong"}

    def deliver(self, room: str, frame: Frame) -> None:
        """A message of the room or for the person, from the hub."""
        if room == self.room or frame.text.startswith(_FOR_PEOPLE):
            self.send_text(frame.text, frame.size)
        else:
            self.later(self.recheck())
            self.later(self.recheck_after(1.0))  # a sign-out rings before its session is gone

    # For subclasses

    def send_message(self, message: dict[str, Any] | bytes) -> None:
        """Queue a message; never blocks. A socket that does not read fast enough is closed with 4408."""
        data = message if isinstance(message, bytes) else orjson.dumps(message, default=str)
        self.send_text(data.decode(), len(data))

    def send_text(self, text: str, size: int) -> None:
        """As `send_message`, for text that is encoded already; `size` is its length in bytes.

        Daphne takes whatever it is given, so a full outbox does not show there that nobody reads. Where a
        client promises to speak regularly (`ping`), `unheard_bytes` bounds what a silent one can cost.
        """
        if self._ending is not None:
            return
        full = bool(self.held) and self.held + size > OUTBOX_BYTES
        if full or len(self.outbox) >= OUTBOX_MESSAGES or self.unheard > self.unheard_bytes:
            self.overflow()
            return
        self.outbox.append((text, size))
        self.held += size
        self.wake()

    def overflow(self) -> None:
        """Give up on a reader that is too slow; it comes back and reads what it missed."""
        self.close(SLOW, "The connection reads too slowly; connect again and catch up.")
        self.outbox.clear()

    def close(self, code: int, reason: str = "") -> None:
        """Close once what is queued has been sent; never blocks."""
        if self._ending is None:
            self._ending = (code, reason)
        if not self._closed.done():
            self._closed.set_result(None)

    async def flushed(self) -> None:
        """Wait until the outbox is empty: long replays go out in parts instead of overflowing it."""
        while self._drainer is not None and self._ending is None:
            await asyncio.wait({self._drainer, self._closed}, return_when=asyncio.FIRST_COMPLETED)

    @property
    def open(self) -> bool:
        return self._ending is None

    # The shell

    @classmethod
    def as_asgi(cls) -> Callable[..., Awaitable[None]]:
        async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
            await cls()(scope, receive, send)

        return application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self._start(scope, receive, send)
        reader = asyncio.create_task(self._read(), name="socket reader")
        try:
            await asyncio.wait({reader, self._closed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            reader.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(reader, return_exceptions=True)
            await asyncio.shield(self._finish())

    def _start(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.scope = scope
        self.path: dict[str, Any] = scope.get("url_route", {}).get("kwargs", {})
        self.user = AnonymousUser()
        self._receive, self._send = receive, send
        self.outbox: deque[tuple[str, int]] = deque()
        self.held = 0
        self.unheard = 0
        self._drainer: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ending = None
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._gone = False
        self._reminded = False
        self._credential = Credential()
        self._rooms: list[str] = []

    async def _read(self) -> None:
        try:
            await self._receive()  # websocket.connect
            wanted = PROTOCOL if PROTOCOL in self.scope.get("subprotocols", ()) else None
            await self._accept(wanted)
            await self._enter()
            while self._ending is None:
                await self._take(await self._next())
        except Refused as refusal:
            self.close(refusal.code, refusal.reason)
        except (Http404, PermissionDenied):  # a hook found out before the doorbell rang
            self.close(REVOKED, "You may no longer see this.")
        except _Disconnected:
            self._gone = True
        except Exception:
            _log.exception("a socket failed")
            self.close(1011, "Something went wrong here; connect again.")

    async def _accept(self, subprotocol: str | None) -> None:
        try:
            await self._send({"type": "websocket.accept", "subprotocol": subprotocol})
        except Exception:  # the page was left before it was answered; each server has its own error for that
            raise _Disconnected from None

    async def _next(self) -> dict[str, Any]:
        """The next message as parsed JSON.

        Raises:
            Refused: it is too large (4413), or no JSON object with a type (4400).
        """
        event = await self._receive()
        if event["type"] == "websocket.disconnect":
            raise _Disconnected
        self.unheard = 0
        text = event.get("text")
        if text is None:
            raise Refused(MALFORMED, "Messages are JSON text frames, not binary ones.")
        if len(text) > FRAME_BYTES or (not text.isascii() and len(text.encode()) > FRAME_BYTES):
            raise Refused(TOO_LARGE, f"A message may have at most {FRAME_BYTES} bytes.")
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise Refused(MALFORMED, f"Not JSON: {error}.") from None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise Refused(MALFORMED, "A message is a JSON object with a type.")
        return message

    async def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "ping":
            self.send_message(self.pong(message))
        elif message["type"] == "auth":
            self._credential = await self._sign_in(Credential.of_token(message.get("token")))
            self._reminded = False
            self.later(self._remind(self._credential))
        else:
            await self.on_message(message)

    async def _enter(self) -> None:
        await self._identify()
        self.room = await self._authorised()
        hub = Hub.here()
        for room in (self.room, live.person_room(self.user.pk)):
            self._rooms.append(room)
            await hub.join(room, self)
        Patrol.here().add(self)
        self.later(self._remind(self._credential))
        await self.on_join()

    async def _identify(self) -> None:
        token = bearer(self.scope)
        session = self.scope.get("session")
        if token:
            credential = Credential.of_token(token)
        elif getattr(self.scope.get("user"), "is_authenticated", False):
            self.user = getattr(self.scope["user"], "_wrapped", self.scope["user"])
            self._credential = Credential.of_session(session, self.user)
            return
        else:
            credential = await self._ask()
        self._credential = await self._sign_in(credential)

    async def _ask(self) -> Credential:
        """Neither a session nor a token came along: the first message has to be `auth`."""
        try:
            message = await asyncio.wait_for(self._next(), AUTH_WAIT_S)
        except TimeoutError:
            raise Refused(SIGN_IN, f"No sign-in within {AUTH_WAIT_S:.0f} s.") from None
        if message["type"] != "auth":
            raise Refused(SIGN_IN, "Sign in first.")
        return Credential.of_token(message.get("token"))

    async def _sign_in(self, credential: Credential) -> Credential:
        try:
            user, self.may_write = await in_thread(credential.check)
        except SignInFailed as error:
            raise Refused(SIGN_IN, str(error)) from None
        if self.user.is_authenticated and user.pk != self.user.pk:
            raise Refused(SIGN_IN, "The new token belongs to somebody else.")
        self.user = user
        return credential

    async def _authorised(self) -> str:
        try:
            return await self.authorise()
        except Http404 as error:
            raise Refused(MISSING, str(error) or "No such thing.") from None
        except PermissionDenied as error:
            raise Refused(REVOKED, str(error) or "Not allowed.") from None

    async def recheck(self) -> None:
        """Close the socket of somebody whose sign-in or membership is gone."""
        try:
            await self._sign_in(self._credential)
            await self._authorised()
        except Refused as refusal:
            if refusal.code == SIGN_IN and self._credential.renewable and not self._reminded:
                self._reminded = True
                self.send_message({"type": "reauth", "deadline": REAUTH_S})
                self.later(self.recheck_after(REAUTH_S))
            else:
                self.close(REVOKED if refusal.code == MISSING else refusal.code, refusal.reason)
        else:
            self._reminded = False

    async def _remind(self, credential: Credential) -> None:
        """Ask for the next token a while before this one runs out; without it the socket closes then."""
        if (expires_at := credential.expires_at) is None:
            return
        await asyncio.sleep(max(0.0, expires_at - time.time() - REAUTH_S))
        if self._credential is not credential:
            return
        self._reminded = True
        self.send_message({"type": "reauth", "deadline": round(max(0.0, expires_at - time.time()), 1)})
        await asyncio.sleep(max(0.0, expires_at - time.time()) + 0.1)
        if self._credential is credential:
            await self.recheck()

    async def recheck_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.recheck()

    def wake(self) -> None:
        """Let the writer task run."""
        if self._drainer is None:
            self._drainer = asyncio.get_running_loop().create_task(self._drain())

    def next_text(self) -> str | None:
        """What the writer sends next; None when there is nothing."""
        if not self.outbox:
            return None
        text, size = self.outbox.popleft()
        self.held -= size
        return text

    async def _drain(self) -> None:
        try:
            while (text := self.next_text()) is not None:
                self.unheard += len(text)
                await self._send({"type": "websocket.send", "text": text})
        except asyncio.CancelledError:
            raise
        except Exception:  # each server has its own error for a connection that is gone
            self._gone = True
            self.close(1006)
        finally:
            self._drainer = None

    def later(self, work: Any) -> None:
        """Run a coroutine beside the reader; it ends with the socket."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _finish(self) -> None:
        if self._ending is None:
            self._ending = (1000, "")
        Patrol.here().discard(self)
        for task in tuple(self._tasks):
            task.cancel()
        await self._say_goodbye()
        try:
            await self.on_leave()
        except Exception:
            _log.exception("a socket failed to leave")
        for room in self._rooms:
            await Hub.here().leave(room, self)

    async def _say_goodbye(self) -> None:
        """Send what is queued and the close frame, to those who still read."""
        code, reason = self._ending or (1000, "")
        if self._drainer is not None and (self._gone or code == SLOW):
            self._drainer.cancel()
        with suppress(Exception, asyncio.CancelledError):
            if self._drainer is not None:
                await asyncio.wait({self._drainer}, timeout=_CLOSE_WAIT_S)
            if not self._gone:
                goodbye = {"type": "websocket.close", "code": code, "reason": reason[:120]}
                await asyncio.wait_for(self._send(goodbye), _CLOSE_WAIT_S)
        if self._drainer is not None:
            self._drainer.cancel()
