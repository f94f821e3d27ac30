"""WHEP (draft-ietf-wish-whep): any WHEP player can watch a pipeline. Signalling only; no media passes here."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views import View
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from projects import access, problems
from projects.authentication import BearerAuthentication
from streaming import ice, signalling
from streaming.models import Pipeline

OFFER, TRICKLE = "application/sdp", "application/trickle-ice-sdpfrag"
_LARGEST = 64 * 1024


def _problem(status: int, code: str, detail: str) -> HttpResponse:
    body = problems.body(status, detail, code=code)
    return JsonResponse(body, status=status, content_type=problems.CONTENT_TYPE)


class _Unparsed(BaseParser):
    """SDP stays text: the check of CSRF wants a form, and asks the parsers for one."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> dict[str, Any]:
        return {}


def _allowed(request: HttpRequest, pipeline_id: uuid.UUID) -> str:
    """The id of whoever asks, who may see the pipeline: by session (with CSRF) or by bearer token.

    Raises:
        Http404, APIException: they may not.
    """
    signed = Request(request, parsers=[_Unparsed()], authenticators=[BearerAuthentication(), SessionAuthentication()])
    if not signed.user.is_authenticated:
        raise AuthenticationFailed("Sign in, or send an Authorization: Bearer header.")
    access.fetch(Pipeline.objects.all(), signed.user, pipeline_id)
    return str(signed.user.pk)


def ice_servers(person: str) -> list[ice.Server]:
    """The servers that a viewer is told of; those that cost the operator traffic only when somebody signed in."""
    return ice.servers_for(settings.ICE_SERVERS, settings.TURN_URLS, settings.TURN_SECRET, person, time.time())


def candidates_of(fragment: str) -> list[dict[str, Any]]:
    """The candidates of an SDP fragment (RFC 8840) with the media section that each belongs to.

    >>> candidates_of("a=mid:0\\r\\na=candidate:1 1 UDP 1 10.0.0.5 5000 typ host\\r\\n")
    [{'candidate': 'candidate:1 1 UDP 1 10.0.0.5 5000 typ host', 'mid': '0'}]
    """
    found, mid = [], "0"
    for line in re.split(r"\r?\n", fragment):
        if line.startswith("a=mid:"):
            mid = line.removeprefix("a=mid:").strip()
        elif line.startswith("a=candidate:"):
            found.append({"candidate": line.removeprefix("a=").strip(), "mid": mid})
    return found


class _Guarded(View):
    """An async view that lets members of the project in and turns refusals into problem+json."""

    content_type = ""
    person = ""

    async def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # type: ignore[override]
        try:
            self.person = await sync_to_async(_allowed)(request, kwargs["pipeline_id"])
        except Http404:
            return _problem(404, "not_found", "No such pipeline.")
        except APIException as error:
            if request.method == "OPTIONS":  # a browser's preflight carries no sign-in
                return self.options(request)
            answer = _problem(error.status_code, str(error.get_codes()), str(error.detail))
            answer["WWW-Authenticate"] = "Bearer"
            return answer
        handler: Callable[..., Any] = getattr(self, (request.method or "").lower(), self.http_method_not_allowed)
        answer = handler(request, *args, **kwargs)
        return answer if isinstance(answer, HttpResponse) else await answer

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What a player asks before it makes its offer: the ICE servers."""
        answer = HttpResponse(status=204)
        answer["Accept-Post"] = OFFER
        return self.with_servers(answer)

    def with_servers(self, answer: HttpResponse) -> HttpResponse:
        links = ", ".join(server.link() for server in ice_servers(self.person))
        if links:
            answer["Link"] = links
            answer["Cache-Control"] = "no-store"
        return answer

    def refuse_body(self, request: HttpRequest) -> HttpResponse | None:
        given = (request.content_type or "").lower()
        if given != self.content_type:
            return _problem(415, "content-type", f"The body is {given or 'of no type'}: expected {self.content_type}.")
        if len(request.body) > _LARGEST:
            return _problem(413, "too-large", f"The body has more than {_LARGEST} bytes.")
        return None


def _text(request: HttpRequest) -> str:
    return request.body.decode("utf-8", errors="replace")


class Endpoint(_Guarded):
    """POST an offer, get an answer and the session's address."""

    content_type = OFFER

    async def post(self, request: HttpRequest, pipeline_id: uuid.UUID) -> HttpResponse:
        refusal = self.refuse_body(request)
        if refusal:
            return refusal
        answer = await signalling.call("offer", pipeline=str(pipeline_id), sdp=_text(request))
        if answer["status"] != 201:
            return _refused(answer)
        response = HttpResponse(answer["sdp"], status=201, content_type=OFFER)
        response["Location"] = reverse("whep-session", args=[pipeline_id, answer["session"]])
        response["Accept-Patch"] = TRICKLE
        return self.with_servers(response)


class SessionEndpoint(_Guarded):
    """PATCH trickles candidates, DELETE ends the session."""

    content_type = TRICKLE

    async def patch(self, request: HttpRequest, pipeline_id: uuid.UUID, session: str) -> HttpResponse:
        refusal = self.refuse_body(request)
        if refusal:
            return refusal
        found = candidates_of(_text(request))
        answer = await signalling.call("candidates", pipeline=str(pipeline_id), session=session, candidates=found)
        return HttpResponse(status=204) if answer["status"] == 204 else _refused(answer)

    async def delete(self, request: HttpRequest, pipeline_id: uuid.UUID, session: str) -> HttpResponse:
        answer = await signalling.call("close", pipeline=str(pipeline_id), session=session)
        return HttpResponse(status=200) if answer["status"] == 200 else _refused(answer)


def _refused(answer: dict[str, Any]) -> HttpResponse:
    response = _problem(answer["status"], answer["code"], answer["detail"])
    if answer["status"] == 503:
        response["Retry-After"] = "5"
    return response
