"""The media gateway: WebRTC to browsers, access units from pipelines, offers from the web process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.exceptions import InvalidAccessError, InvalidStateError, OperationError
from aiortc.sdp import SessionDescription, candidate_from_sdp

from streaming import hooks, wire
from streaming.hub import EncodeHub

CONNECT_TIMEOUT = 15.0
_LINK_BACKLOG = 64 * 1024
log = logging.getLogger(__name__)


class Refusal(Exception):
    """An answer other than success, with the HTTP status that web passes on."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.answer = {"status": status, "code": code, "detail": detail}


@dataclass
class Options:
    """How a gateway is run. No addresses: all of this machine's. No ports: whatever is free."""

    socket: str
    addresses: list[str] = field(default_factory=list)
    ports: tuple[int, int] | None = None
    viewers: int = 256


@dataclass
class Session:
    hub: EncodeHub
    connection: RTCPeerConnection
    deadline: asyncio.TimerHandle | None = None


def video_codecs() -> list[Any]:
    """H.264 as our encoder makes it, constrained baseline first, with retransmission; nothing else."""
    codecs = RTCRtpSender.getCapabilities("video").codecs
    h264 = [codec for codec in codecs if codec.mimeType == "video/H264"]
    h264.sort(key=lambda codec: codec.parameters.get("profile-level-id") != "42e01f")
    return h264 + [codec for codec in codecs if codec.mimeType == "video/rtx"]


class Gateway:
    """All viewers of all pipelines of one gateway process."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.hubs: dict[str, EncodeHub] = {}
        self.sessions: dict[str, Session] = {}
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._callers: set[asyncio.StreamWriter] = set()
        self._roles: dict[str, Callable[..., Any]] = {
            "pipeline": self._serve_pipeline,
            "reader": self._serve_reader,
            "offer": self._offer,
            "candidates": self._candidates,
            "close": self._close,
            "stats": self._stats,
        }

    async def start(self) -> None:
        """Listen. The socket's folder is made for this user alone: who can open it may watch everything."""
        hooks.lose_dead_viewers_soon()
        hooks.remember_more_packets()
        hooks.offer_addresses(self.options.addresses)
        if self.options.ports:
            hooks.keep_ports_within(asyncio.get_running_loop(), *self.options.ports)
        self._server = await asyncio.start_unix_server(self._serve, sock=_listener(Path(self.options.socket)))

    async def stop(self) -> None:
        if self._server:
            self._server.close()
        for session in list(self.sessions):
            await self._end(session)
        for caller in list(self._callers):
            caller.close()
        await asyncio.sleep(0.05)  # lets them notice, which is quieter than being cancelled

    def hub(self, pipeline: str) -> EncodeHub:
        return self.hubs.setdefault(pipeline, EncodeHub(pipeline))

    def _sweep(self, hub: EncodeHub) -> None:
        if hub.idle and self.hubs.get(hub.pipeline) is hub:
            del self.hubs[hub.pipeline]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: its first message says what it is."""
        self._callers.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            try:
                _, body = await wire.read(reader)
                hello = json.loads(body)
                role = hello.pop("role", "")
                if role in ("pipeline", "reader"):
                    await self._roles[role](hello["pipeline"], reader, writer)
                else:
                    await self._answer(role, hello, writer)
            finally:
                self._callers.discard(writer)
                writer.close()

    async def _answer(self, role: str, call: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        try:
            answer = await self._roles[role](**call)
        except Refusal as refusal:
            answer = refusal.answer
        except Exception:
            log.exception("A %s call failed", role)
            answer = {"status": 500, "code": "gateway-error", "detail": "The media gateway failed; its log says why."}
        writer.write(wire.message(**answer))
        await writer.drain()

    async def _serve_pipeline(self, pipeline: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hub = self.hub(pipeline)

        def link(**fields: Any) -> None:
            # A pipeline that reads nothing is told no more; it learns the audience when it comes back.
            if writer.transport.get_write_buffer_size() < _LINK_BACKLOG:
                writer.write(wire.message(**fields))

        hub.attach(link)
        try:
            while True:
                kind, body = await wire.read(reader)
                if kind == wire.UNIT:
                    hub.feed(wire.Unit.unpack(body))
                elif kind == wire.PICTURE:
                    hub.show(body)
        finally:
            hub.detach(link)
            self._sweep(hub)

    async def _serve_reader(self, pipeline: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hub = self.hub(pipeline)
        queue = hub.add_reader()
        gone = asyncio.ensure_future(reader.read(1))
        try:
            while not gone.done():
                picture = asyncio.ensure_future(queue.get())
                await asyncio.wait((picture, gone), return_when=asyncio.FIRST_COMPLETED)
                if not picture.done():
                    picture.cancel()
                    return
                writer.write(wire.frame(wire.PICTURE, picture.result()))
                await writer.drain()
        finally:
            gone.cancel()
            hub.remove_reader(queue)
            self._sweep(hub)

    async def _offer(self, pipeline: str, sdp: str) -> dict[str, Any]:
        """Answer a WHEP offer: {status: 201, session, sdp}."""
        _check_offer(sdp)
        if len(self.sessions) >= self.options.viewers:
            limit = self.options.viewers
            raise Refusal(503, "viewer-cap", f"All {limit} places for viewers are taken: try again later.")
        hub, name = self.hub(pipeline), uuid.uuid4().hex
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        session = self.sessions[name] = Session(hub, connection)
        track = hub.add_viewer(name)
        sender = connection.addTrack(track)
        hooks.forward_keyframe_requests(sender, hub.request_keyframe)
        hooks.share_packer(sender, hub.packer)
        connection.getTransceivers()[0].direction = "sendonly"
        connection.getTransceivers()[0].setCodecPreferences(video_codecs())
        connection.on("connectionstatechange", lambda: self._changed(name))
        session.deadline = asyncio.get_running_loop().call_later(CONNECT_TIMEOUT, self._spawn_end, name)
        try:
            return {"status": 201, "session": name, "sdp": await _negotiated(connection, sdp)}
        except BaseException:
            await self._end(name)
            raise

    async def _candidates(self, pipeline: str, session: str, candidates: list[dict[str, Any]]) -> dict[str, Any]:
        """Trickled candidates: [{candidate, mid}]; an empty candidate ends them."""
        found = self._session(pipeline, session)
        for given in candidates:
            text = given["candidate"].removeprefix("candidate:")
            if not text:
                continue
            try:
                candidate = candidate_from_sdp(text)
                candidate.sdpMid = given.get("mid") or "0"
                await found.connection.addIceCandidate(candidate)
            except (ValueError, IndexError, AssertionError, InvalidAccessError, InvalidStateError) as error:
                raise Refusal(400, "bad-candidate", f"This is no usable candidate: {text[:80]}") from error
        return {"status": 204}

    async def _close(self, pipeline: str, session: str) -> dict[str, Any]:
        self._session(pipeline, session)
        await self._end(session)
        return {"status": 200}

    async def _stats(self) -> dict[str, Any]:
        hubs = {
            name: {
                "viewers": len(hub.viewers),
                "readers": len(hub.readers),
                "units": hub.units,
                "dropped": sum(viewer.dropped for viewer in hub.viewers.values()),
                "live": hub.live,
            }
            for name, hub in self.hubs.items()
        }
        return {"status": 200, "sessions": len(self.sessions), "hubs": hubs}

    def _session(self, pipeline: str, session: str) -> Session:
        found = self.sessions.get(session)
        if found is None or found.hub.pipeline != pipeline:
            raise Refusal(404, "no-session", "There is no such viewing session: it has ended.")
        return found

    def _changed(self, name: str) -> None:
        session = self.sessions.get(name)
        if session is None:
            return
        state = session.connection.connectionState
        if state == "connected":
            if session.deadline:
                session.deadline.cancel()
            session.hub.viewers[name].begin()
        elif state in ("failed", "closed"):
            self._spawn_end(name)

    def _spawn_end(self, name: str) -> None:
        task = asyncio.ensure_future(self._end(name))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _end(self, name: str) -> None:
        session = self.sessions.pop(name, None)
        if session is None:
            return
        if session.deadline:
            session.deadline.cancel()
        session.hub.remove_viewer(name)
        self._sweep(session.hub)
        await session.connection.close()


def _listener(path: Path) -> socket.socket:
    """A listening socket that only this user can open; one that an earlier process left is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o600)
    return listener


def _check_offer(sdp: str) -> None:
    try:
        media = SessionDescription.parse(sdp).media
    except Exception as error:  # the parser trips over foreign text in ways that nobody listed
        raise Refusal(400, "bad-offer", "The body is no SDP offer.") from error
    if not any(part.kind == "video" for part in media):
        raise Refusal(400, "no-video", "The offer asks for no video: add a recvonly video transceiver.")


async def _negotiated(connection: RTCPeerConnection, sdp: str) -> str:
    """The answer to an offer."""
    try:
        await connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
    except OperationError as error:
        raise Refusal(406, "no-common-codec", "This viewer takes no H.264, the codec that is streamed.") from error
    except Exception as error:
        log.info("An offer was refused", exc_info=True)
        raise Refusal(400, "bad-offer", f"The offer cannot be used: {error}") from error
    await connection.setLocalDescription(await connection.createAnswer())
    answer = connection.localDescription.sdp
    if "a=candidate:" not in answer:
        raise Refusal(503, "no-port", "No UDP port is left for another viewer: widen GATEWAY_PORTS.")
    return str(answer)
