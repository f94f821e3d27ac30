"""One's own account: name, password, tokens for scripts."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from projects import live
from projects.forms import NameForm, PasswordForm, TokenForm
from projects.models import ApiToken


def _page(request: HttpRequest, **given: object) -> HttpResponse:
    context = {
        "name_form": NameForm(instance=request.user, prefix="name"),
        "password_form": PasswordForm(request.user),
        "token_form": TokenForm(prefix="token"),
        "tokens": ApiToken.objects.filter(user=request.user),
        "now": timezone.now(),
    }
    return render(request, "projects/account.html", context | given)


@login_required
@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return _page(request)
    form = NameForm(request.POST, instance=request.user, prefix="name")
    if not form.is_valid():
        request.user.refresh_from_db()
        return _page(request, name_form=form)
    form.save()
    messages.success(request, "Your name is saved.")
    return redirect("account")


@sensitive_post_parameters()
@login_required
@require_POST
def change_password(request: HttpRequest) -> HttpResponse:
    form = PasswordForm(request.user, request.POST)
    if not form.is_valid():
        return _page(request, password_form=form)
    form.save()
    update_session_auth_hash(request, form.user)
    live.ask_again(form.user.pk)
    messages.success(request, "Your password is changed. Other browsers have been signed out.")
    return redirect("account")


@login_required
@require_POST
def make_token(request: HttpRequest) -> HttpResponse:
    """Make a token and show it in the answer: it is stored nowhere, so no later page can."""
    form = TokenForm(request.POST, prefix="token")
    if not form.is_valid():
        return _page(request, token_form=form)
    made, secret = ApiToken.objects.create(request.user, expiry=form.expiry, name=form.cleaned_data["name"])
    response = _page(request, made=made, secret=secret)
    response["Cache-Control"] = "no-store"
    return response


@login_required
@require_POST
def revoke_token(request: HttpRequest, token_id: uuid.UUID) -> HttpResponse:
    token = get_object_or_404(ApiToken.objects.filter(user=request.user), id=token_id)
    token.delete()
    messages.success(request, f"The token '{token.name}' is revoked.")
    return redirect("account")
