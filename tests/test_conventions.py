"""The house rules that no linter knows."""

import ast
import inspect
import re
from pathlib import Path

import pytest
from jinja2 import meta

from app.http.templating import TEMPLATES, environment
from app.main import ROUTERS
from app.settings import ROOT

LONGEST_MODULE_LINES = 500
LONGEST_FUNCTION_LINES = 60
LONGEST_TEMPLATE_LINES = 200
LONGEST_CONFTEST_LINES = 200
MOST_POSITIONAL = 2
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "core"}

MODULES = sorted((ROOT / "app").rglob("*.py"))
PAGES = [
    path
    for path in sorted(TEMPLATES.rglob("*.html"))
    if not path.name.startswith("_") and "components" not in path.parts
]
ROUTES = [route for router in ROUTERS for route in router.routes]


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function that hold code: neither docstring nor signature's blank lines count."""
    held = {
        line for node in ast.walk(function) if isinstance(node, ast.stmt) for line in (node.lineno, node.end_lineno)
    }
    first = function.body[0]
    documented = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    docstring = (first.end_lineno - first.lineno + 1) if documented else 0
    return max(held) - function.lineno + 1 - docstring


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_fits_in_the_head(path):
    too_long = [f.name for f in functions(path) if code_lines(f) > LONGEST_FUNCTION_LINES]

    assert lines(path) <= LONGEST_MODULE_LINES
    assert too_long == []


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_function_takes_its_third_argument_by_name(path):
    # What a framework calls by position cannot choose: decorated functions, magic methods, methods of its subclasses.
    body = ast.parse(path.read_text(encoding="utf-8")).body
    free = [node for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    bound = [node for kind in body if isinstance(kind, ast.ClassDef) and not kind.bases for node in kind.body]
    own = [f for f in [*free, *bound] if isinstance(f, ast.FunctionDef) and f.name[0] != "_" and not f.decorator_list]
    given = {f.name: [a.arg for a in f.args.posonlyargs + f.args.args if a.arg not in {"self", "cls"}] for f in own}
    too_many = {named: names for named, names in given.items() if len(names) > MOST_POSITIONAL}

    assert too_many == {}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_says_what_it_is_for(path):
    assert path.stem not in VAGUE_NAMES
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=name)
def test_a_template_is_short(path):
    assert lines(path) <= LONGEST_TEMPLATE_LINES


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_a_page_sees_one_variable(path):
    env = environment()
    free = meta.find_undeclared_variables(env.parse(path.read_text(encoding="utf-8")))

    assert free - env.globals.keys() <= {"page"}


def test_the_fixtures_stay_few():
    assert lines(ROOT / "tests" / "conftest.py") <= LONGEST_CONFTEST_LINES


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_an_address_is_made_of_kebab_case_nouns_and_typed_parameters(route):
    steps = [step for step in re.split(r"[/.]", route.path) if step]
    parameters = inspect.signature(route.endpoint).parameters
    untyped = [
        n
        for n in re.findall(r"{(\w+)", route.path)
        if n not in parameters or parameters[n].annotation is inspect.Parameter.empty
    ]

    assert [step for step in steps if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*|{\w+(:path)?}", step)] == []
    assert untyped == []


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_a_handler_says_in_one_line_what_it_does(route):
    assert inspect.getdoc(route.endpoint)
