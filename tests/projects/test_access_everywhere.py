"""Nothing reaches a person past `projects.access`: read from the source of everything that answers people.

A function at the edge (REST, pages, sockets) that touches a model's manager must ask `access` in the same
function, or name the `Act` that a guard checks, or be on the list below with the reason why it need not.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ("projects", "annotations", "training", "streaming")
EDGE = (
    "api.py",
    "api/*.py",
    "api_*.py",
    "views.py",
    "views/*.py",
    "consumers.py",
    "whep.py",
    "forms.py",
)
HARMLESS = {"none", "create", "create_user", "model"}  # they show nothing

# Reviewed: path::function -> why it may read past access.
REVIEWED = {
    "annotations/views/editor.py::_people": "names of those who drew in the item that the view fetched",
    "projects/api/auth.py::Refresh.post": "the person whom a signed token names",
    "projects/api/projects.py::_projects": "every use of it goes into access",
    "projects/api/teams.py::person_by_email": "managers add people by address",
    "projects/consumers.py::ProjectSocket._stored": "of the project that `authorise` fetched",
    "projects/forms.py::LabelForm.clean_name": "of a project that the view fetched",
    "projects/forms.py::MemberForm.clean_email": "managers add people by address",
    "projects/forms.py::SignUpForm.clean_email": "whether an address is taken",
    "projects/views/account.py::_page": "one's own tokens",
    "projects/views/account.py::revoke_token": "one's own tokens",
    "projects/views/overview.py::Overview.to_label": "of a project that the view fetched",
    "projects/views/overview.py::_count": "of projects that the view fetched",
    "projects/views/overview.py::_running": "of projects that the view fetched",
    "projects/views/overview.py::_strip": "of a project that the view fetched",
    "projects/views/people.py::invitation_of": "whoever has the token may see the invitation",
    "training/api/versions.py::train_pictures": "of a version that the call fetched",
    "streaming/consumers.py::PipelineSocket.on_join": "the pipeline that `authorise` fetched",
}


def edge_files() -> list[Path]:
    return sorted(path for app in APPS for pattern in EDGE for path in (ROOT / app).glob(pattern))


def functions(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Each outermost function and method with its dotted name; class bodies count by their methods."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for part in node.body:
                if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield f"{node.name}.{part.name}", part


def reads(function: ast.AST) -> list[int]:
    """The lines where a manager is used for reading, or a row fetched by Django's shortcut."""
    parents = {child: node for node in ast.walk(function) for child in ast.iter_child_nodes(node)}
    lines = []
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and node.attr in ("objects", "every", "_default_manager", "_base_manager"):
            above = parents.get(node)
            if not (isinstance(above, ast.Attribute) and above.attr in HARMLESS):
                lines.append(node.lineno)
        elif isinstance(node, ast.Name) and node.id in ("get_object_or_404", "get_list_or_404"):
            lines.append(node.lineno)
    return lines


def asks_access(function: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("access", "Act")
        for node in ast.walk(function)
    )


def found() -> dict[str, list[int]]:
    unguarded = {}
    for path in edge_files():
        for name, function in functions(ast.parse(path.read_text())):
            lines = reads(function)
            if lines and not asks_access(function):
                unguarded[f"{path.relative_to(ROOT)}::{name}"] = lines
    return unguarded


def test_the_edge_is_looked_at():
    names = {str(path.relative_to(ROOT)) for path in edge_files()}
    assert {"projects/api/projects.py", "projects/views/items.py", "streaming/api.py", "streaming/whep.py"} <= names


def test_the_check_sees_what_it_should():
    bad = ast.parse("def leak(pk):\n    return Item.objects.get(pk=pk)")
    good = ast.parse("def fine(user, pk):\n    return access.fetch(Item.objects.all(), user, pk)")
    new = ast.parse("def make():\n    return Item.objects.create()")
    ((_, leak),), ((_, fine),), ((_, make),) = (list(functions(tree)) for tree in (bad, good, new))
    assert reads(leak) == [2] and not asks_access(leak)
    assert reads(fine) and asks_access(fine)
    assert not reads(make)


def test_every_queryset_goes_through_access():
    missing = {name: lines for name, lines in found().items() if name not in REVIEWED}
    assert not missing, "Ask projects.access in these functions, or review and list them with the reason."


def test_the_reviewed_list_has_nothing_stale():
    assert not set(REVIEWED) - set(found())
