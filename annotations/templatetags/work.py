"""Figures of work as people read them."""

from __future__ import annotations

from typing import Any

from django import template

from projects.models import User

register = template.Library()
NOTHING = "–"


@register.filter
def share(value: float | None) -> str:
    """0.834 -> "83 %"; a dash where there is nothing to tell from.

    >>> share(0.834), share(None)
    ('83 %', '–')
    """
    return NOTHING if value is None else f"{round(100 * value)} %"


@register.filter
def two(value: float | None) -> str:
    """
    >>> two(0.4), two(None)
    ('0.40', '–')
    """
    return NOTHING if value is None else f"{value:.2f}"


@register.filter
def tint(value: float | None) -> str:
    """How good a figure between 0 and 1 is, in tenths, for the colour of its cell; empty where there is none.

    >>> tint(0.96), tint(-0.3), tint(None)
    ('10', '0', '')
    """
    return "" if value is None else str(round(10 * min(1.0, max(0.0, value))))


@register.filter
def against(value: float | None) -> float | None:
    """A share of which less is better, turned around for its tint."""
    return None if value is None else 1 - value


@register.filter
def hours(seconds: float) -> str:
    """
    >>> hours(0), hours(95), hours(7260)
    ('–', '2 min', '2.0 h')
    """
    if seconds < 1:
        return NOTHING
    return f"{max(1, round(seconds / 60))} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


@register.inclusion_tag("annotations/_my_work.html")
def my_work(user: User) -> dict[str, Any]:
    """What a person has to do in all projects, for the start page."""
    from annotations.views.work import mine  # views need templates to be set up

    return {"mine": mine(user)[:12]}
