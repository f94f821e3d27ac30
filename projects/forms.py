"""What people type on the pages, checked before it reaches a model."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.db import models
from django.forms import formset_factory

from projects import access
from projects.attributes import (
    KINDS,
    LONGEST_NAME,
    MOST_ATTRIBUTES,
    AttributeProblem,
    check,
    check_names,
    default_from,
    default_text,
)
from projects.models import Label, Project, Role, Team, User
from projects.models.project import PALETTE, Task, name_key
from projects.skeletons import SkeletonError, parse_skeleton, skeleton_text

MOST_LABELS = 500
TOKEN_LIFETIMES = (("30", "30 days"), ("90", "90 days"), ("365", "A year"), ("", "Never"))
_COLOR = re.compile(r"^#[0-9A-Fa-f]{6}$")


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": "This email and password match no account. Check both; capitals in the password count.",
        "inactive": "This account has been switched off. Ask whoever runs this server.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "Email"
        self.fields["username"].widget = forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})

    def clean_username(self) -> str:
        return str(self.cleaned_data["username"]).strip().lower()


class SignUpForm(forms.Form):
    name = forms.CharField(max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True}))
    email = forms.EmailField(max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    password = forms.CharField(
        help_text="At least 10 characters. A few unrelated words are easy to remember and hard to guess.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        strip=False,
    )

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        if User.objects.filter(email=email).exists():
            raise forms.ValidationError("There is an account with this email already. Sign in instead.")
        return email

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("password"):
            person = User(email=data.get("email", ""), name=data.get("name", ""))
            try:
                password_validation.validate_password(data["password"], person)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return data


class NameForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ("name",)
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}
        help_texts = {"name": "Others see it beside your cursor and your edits."}


class PasswordForm(PasswordChangeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["old_password"].widget.attrs["autofocus"]  # the form is not the first on its page


class TokenForm(forms.Form):
    name = forms.CharField(
        max_length=120, help_text="What uses it, so that you know what you revoke.", widget=forms.TextInput()
    )
    lifetime = forms.ChoiceField(label="Expires after", choices=TOKEN_LIFETIMES, required=False, initial="90")

    @property
    def expiry(self) -> timedelta | None:
        days = self.cleaned_data["lifetime"]
        return timedelta(days=int(days)) if days else None


class TeamForm(forms.ModelForm):
    class Meta:
        model = Team
        fields = ("name",)


class RoleForm(forms.Form):
    """A role that somebody of rank `rank` may give: none above their own."""

    role = forms.ChoiceField(choices=Role.choices, initial=Role.ANNOTATOR)

    def __init__(self, *args: Any, rank: access.Rank, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [pair for pair in Role.choices if access.Rank.of(pair[0]) <= rank]


class MemberForm(RoleForm):
    email = forms.EmailField(help_text="Of somebody who has an account here.")
    field_order = ("email", "role")

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        self.person = User.objects.filter(email=email, is_active=True).first()
        if self.person is None:
            raise forms.ValidationError(
                "Nobody here has this email. Send an invitation link from the team's page instead."
            )
        return email


class ProjectForm(forms.ModelForm):
    class Meta:
        model = Project
        fields = ("name", "description")
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}


class NewProjectForm(forms.Form):
    """A project and its first labels: one a line, `name` or `name #RRGGBB`."""

    name = forms.CharField(max_length=120, widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}))
    task = forms.ChoiceField(choices=Task.choices, initial=Task.DETECT, widget=forms.RadioSelect)
    labels = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="One a line, or separated by commas. A colour may follow: bolt #E69F00. You can change them later.",
    )
    team = forms.ModelChoiceField(
        Team.objects.none(),
        empty_label=None,
        error_messages={
            "invalid_choice": "Projects of this team are made by its managers: choose a team where you may."
        },
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        may = [role for role in Role.values if access.Rank.of(role) >= access.Rank.MANAGER]
        rows = access.teams(user).filter(memberships__user=user, memberships__role__in=may)
        self.fields["team"].queryset = rows.order_by("-personal", "name").distinct()
        self.fields["team"].initial = rows.filter(personal=True).first()

    def clean_labels(self) -> list[tuple[str, str]]:
        pairs = parse_labels(self.cleaned_data["labels"])
        if len(pairs) > MOST_LABELS:
            raise forms.ValidationError(f"{len(pairs)} labels: a project holds at most {MOST_LABELS}.")
        long = next((name for name, _ in pairs if len(name) > 120), None)
        if long:
            raise forms.ValidationError(f"A label's name has at most 120 characters; shorten '{long[:40]}...'.")
        return pairs


class LabelForm(forms.ModelForm):
    class Meta:
        model = Label
        fields = ("name", "color")
        widgets = {"color": forms.TextInput(attrs={"type": "color"})}

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).strip()
        same: models.QuerySet[Label] = Label.objects.filter(project=self.instance.project, name__iexact=name)
        if same.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(f"The project has a label '{name}' already.")
        return name


class AttributeForm(forms.Form):
    """One attribute; left without a name it is none."""

    name = forms.CharField(
        max_length=LONGEST_NAME, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    kind = forms.ChoiceField(choices=[(kind, kind.capitalize()) for kind in KINDS], initial="select")
    values = forms.CharField(
        required=False,
        label="Values, one a line",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )
    default = forms.CharField(required=False, max_length=2000, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    mutable = forms.BooleanField(required=False, label="May change from frame to frame of a track")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.attribute: dict[str, Any] | None = None
        if not str(data.get("name", "")).strip() or self.errors:
            return data
        values = [line.strip() for line in data["values"].splitlines() if line.strip()]
        try:
            default = default_from(data["kind"], data["default"])
            self.attribute = check({**data, "values": values, "default": default})
        except AttributeProblem as problem:
            self.add_error(problem.field, str(problem))
        return data


class AttributeForms(formset_factory(AttributeForm, extra=2, max_num=MOST_ATTRIBUTES, can_delete=True)):  # type: ignore[misc]
    """All attributes of a label, and two empty rows for more."""

    def __init__(self, data: Any, label: Label) -> None:
        initial = [
            {**each, "values": "\n".join(each.get("values", [])), "default": default_text(each.get("default"))}
            for each in label.attributes
        ]
        super().__init__(data, initial=initial, prefix="attribute")

    def clean(self) -> None:
        kept = [form for form in self.forms if form not in self.deleted_forms and getattr(form, "attribute", None)]
        self.attributes = [form.attribute for form in kept]
        try:
            check_names(self.attributes)
        except AttributeProblem as problem:
            raise forms.ValidationError(str(problem)) from problem


class SkeletonForm(forms.Form):
    """The keypoints of a label, and the lines between them."""

    points = forms.CharField(
        required=False,
        label="Points, one a line, in the order they are clicked in",
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
    )
    edges = forms.CharField(
        required=False,
        label="Lines between them",
        help_text="Pairs of point numbers, counted from 1: 1-2 2-3",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, label: Label, **kwargs: Any) -> None:
        points, edges = skeleton_text(label.skeleton)
        super().__init__(*args, initial={"points": points, "edges": edges}, auto_id=f"id_{label.pk}_%s", **kwargs)
        self.label = label

    @classmethod
    def rows(cls, project: Project, refused: SkeletonForm | None = None) -> list[SkeletonForm]:
        """A form for each label of a project; in its place the one that was refused."""
        rows = [cls(label=label) for label in project.labels.all()]
        return [refused if refused and row.label == refused.label else row for row in rows]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        try:
            self.skeleton = parse_skeleton(data.get("points", ""), data.get("edges", ""))
        except SkeletonError as error:
            self.add_error(error.field, str(error))
        return data

    def save(self) -> None:
        self.label.skeleton = self.skeleton
        self.label.save(update_fields=["skeleton"])


def parse_labels(text: str) -> list[tuple[str, str]]:
    """`bolt #ff0000, gear` -> [("bolt", "#ff0000"), ("gear", <the palette's second>)]; a name counts once."""
    pairs: dict[str, str] = {}
    for part in re.split(r"[\n,;]", text):
        words = part.split()
        color = words.pop() if words and _COLOR.match(words[-1]) else ""
        name = " ".join(words)
        if name and name_key(name) not in map(name_key, pairs):
            pairs[name] = color or PALETTE[len(pairs) % len(PALETTE)]
    return list(pairs.items())
