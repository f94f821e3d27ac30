"""Signing in, up and out."""

from __future__ import annotations

from types import SimpleNamespace

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.views import LoginView
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from projects import lockout, throttles
from projects.forms import SignInForm, SignUpForm
from projects.models import Invitation, User

TOO_MANY = "Too many attempts from your address. Wait a minute, then try again."


class _OnPage:
    """Lets a throttle of the REST interface count Django's requests too, under the same key."""

    def get_cache_key(self, request: HttpRequest, view: object) -> str:
        return super().get_cache_key(SimpleNamespace(_request=request), view)  # type: ignore[misc]


class SignInThrottle(_OnPage, throttles.SignInThrottle):
    pass


class RegisterThrottle(_OnPage, throttles.RegisterThrottle):
    pass


def next_url(request: HttpRequest) -> str:
    """Where to go afterwards: `next`, if it is a page of this server."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe else ""


def invitation_of(path: str) -> Invitation | None:
    """The open invitation that a path leads to."""
    try:
        match = resolve(path.partition("?")[0])
    except Resolver404:
        return None
    if match.url_name != "invitation":
        return None
    found = Invitation.objects.filter(token_hash=Invitation.hash(match.kwargs["token"])).select_related("team").first()
    return found if found and found.open else None


class SignIn(LoginView):
    template_name = "projects/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        refusal = self._refusal()
        if not refusal:
            return super().post(request, *args, **kwargs)
        form = self.authentication_form(request)  # unbound: not even whether the password was right is looked at
        context = self.get_context_data(form=form, refusal=refusal)
        return self.render_to_response(context, status=429)

    def _refusal(self) -> str:
        if not SignInThrottle().allow_request(self.request, None):  # type: ignore[arg-type]
            return TOO_MANY
        wait = lockout.wait_s(self.request, self.request.POST.get("username", ""))
        return lockout.sentence(wait) if wait else ""

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        target = next_url(self.request)
        return super().get_context_data(**kwargs) | {"next": target, "invitation": invitation_of(target)}


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    target = next_url(request)
    if request.user.is_authenticated:
        return redirect(target or "dashboard")
    invitation = invitation_of(target)
    context = {"next": target, "invitation": invitation}
    if not settings.OPEN_SIGN_UP and invitation is None:
        return render(request, "projects/sign_up_closed.html", context, status=403)
    form = SignUpForm(request.POST or None)
    if request.method == "POST":
        if not RegisterThrottle().allow_request(request, None):
            return render(request, "projects/sign_up.html", context | {"form": form, "refusal": TOO_MANY}, status=429)
        if form.is_valid() and (user := _register(form)):
            login(request, user)
            return redirect(target or "dashboard")
    return render(request, "projects/sign_up.html", context | {"form": form})


def _register(form: SignUpForm) -> User | None:
    data = form.cleaned_data
    try:
        with transaction.atomic():
            return User.objects.create_user(data["email"], data["password"], name=data["name"])
    except IntegrityError:  # the same address a moment ago, from another tab
        form.add_error("email", "There is an account with this email already. Sign in instead.")
        return None


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect(reverse("sign-in"))
