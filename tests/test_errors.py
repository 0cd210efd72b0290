import pytest

from app import errors
from app.errors import problem_of
from app.field_problems import FieldProblem


def test_an_error_of_ours_becomes_a_problem_object():
    assert problem_of(errors.Conflict("Somebody has that name already.")) == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "Somebody has that name already.",
    }


def test_wrong_fields_are_listed_and_summed_up_in_the_detail():
    problem = problem_of(errors.Unprocessable([FieldProblem("/hardware/count", "Enter a whole number")]))

    assert problem["detail"] == "hardware.count: Enter a whole number."
    assert problem["errors"] == [{"pointer": "/hardware/count", "detail": "Enter a whole number", "suggestions": []}]


def test_a_missing_name_carries_the_nearest_ones():
    assert problem_of(errors.NotFound("No such card.", suggestions=["a"]))["suggestions"] == ["a"]


def test_what_nobody_foresaw_tells_nothing_of_its_inside():
    problem = problem_of(RuntimeError("password is hunter2"))

    assert problem["status"] == 500
    assert "hunter2" not in str(problem)


@pytest.mark.parametrize("kind", errors.AppError.__subclasses__())
def test_each_error_stands_in_the_tree_of_the_docstring(kind):
    assert f"── {kind.__name__.ljust(22)}{kind.status}" in errors.__doc__
