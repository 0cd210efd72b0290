"""The house rules that no linter knows."""

import ast
import inspect
import re
from functools import cache
from pathlib import Path

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


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function that hold code: neither docstring nor signature's blank lines count."""
    first = function.body[0]
    documented = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    docstring = (first.end_lineno - first.lineno + 1) if documented else 0
    return function.end_lineno - function.lineno + 1 - docstring


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def public_functions(path: Path) -> list[ast.FunctionDef]:
    """Those whose callers are ours; what a framework calls by position cannot choose: decorated functions, magic
    methods, methods of its subclasses."""
    body = tree(path).body
    bound = [node for kind in body if isinstance(kind, ast.ClassDef) and not kind.bases for node in kind.body]
    return [f for f in [*body, *bound] if isinstance(f, ast.FunctionDef) and f.name[0] != "_" and not f.decorator_list]


def by_position(function: ast.FunctionDef) -> list[str]:
    arguments = function.args.posonlyargs + function.args.args
    return [each.arg for each in arguments if each.arg not in {"self", "cls"}]


def test_a_module_and_a_function_fit_in_the_head():
    too_long = [
        (name(path), f.name) for path in MODULES for f in functions(path) if code_lines(f) > LONGEST_FUNCTION_LINES
    ]

    assert too_long == []
    assert [name(path) for path in MODULES if lines(path) > LONGEST_MODULE_LINES] == []


def test_a_function_takes_its_third_argument_by_name():
    own = [(path, f) for path in MODULES for f in public_functions(path)]

    assert len(own) > 1_000
    assert [(name(path), f.name) for path, f in own if len(by_position(f)) > MOST_POSITIONAL] == []


def test_a_module_says_what_it_is_for():
    assert [name(path) for path in MODULES if path.stem in VAGUE_NAMES or not ast.get_docstring(tree(path))] == []


def test_a_template_is_short():
    assert [name(path) for path in TEMPLATES.rglob("*.html") if lines(path) > LONGEST_TEMPLATE_LINES] == []


def test_a_page_sees_one_variable():
    env = environment()
    free = {name(path): meta.find_undeclared_variables(env.parse(path.read_text(encoding="utf-8"))) for path in PAGES}

    assert {path: names for path, names in free.items() if not names - env.globals.keys() <= {"page"}} == {}


def test_the_fixtures_stay_few():
    assert lines(ROOT / "tests" / "conftest.py") <= LONGEST_CONFTEST_LINES


def test_an_address_is_made_of_kebab_case_nouns():
    steps = {(route.path, step) for route in ROUTES for step in re.split(r"[/.]", route.path) if step}

    assert {each for each in steps if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*|{\w+(:path)?}", each[1])} == set()


def test_a_parameter_in_an_address_is_typed_and_a_handler_says_what_it_does():
    untyped = [
        (route.path, parameter)
        for route in ROUTES
        for parameter in re.findall(r"{(\w+)", route.path)
        if inspect.get_annotations(route.endpoint).get(parameter) is None
    ]

    assert untyped == []
    assert [route.path for route in ROUTES if not inspect.getdoc(route.endpoint)] == []
