from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.errors import problem_of


class Size(BaseModel):
    model_config = ConfigDict(extra="forbid")

    height: int = Field(ge=1, le=4096)
    share: float = Field(1.0, gt=0, lt=2)


class Ask(BaseModel):
    model_config = ConfigDict(extra="forbid")

    task: Literal["train", "finetune"] = "train"
    size: Size | None = None
    sides: int | list[int] | None = None
    quiet: bool = False
    name: str = Field("x", min_length=1, max_length=5)


@pytest.fixture
def errors():
    """What problem_of() finds in a request, by pointer."""

    def found(request: object) -> dict:
        with pytest.raises(ValidationError) as caught:
            Ask.model_validate(request)
        return {entry["pointer"]: entry for entry in problem_of(caught.value, model=Ask)["errors"]}

    return found


@pytest.mark.parametrize(
    ("request_", "pointer", "detail"),
    [
        ({"size": {"height": 0}}, "/size/height", "Enter a whole number of 1 or more"),
        ({"size": {"height": 5000}}, "/size/height", "Enter a whole number of 4,096 or less"),
        ({"size": {"height": 1, "share": 0}}, "/size/share", "Enter a number above 0"),
        ({"size": {"height": 1, "share": 2}}, "/size/share", "Enter a number below 2"),
        ({"size": {"height": 1, "share": "much"}}, "/size/share", "Enter a number"),
        ({"size": {}}, "/size/height", "Give a value: this field is required"),
        ({"size": 3}, "/size", "Enter an object with named fields"),
        ({"sides": "both"}, "/sides", "Enter a whole number, or enter a list"),
        ({"sides": [1, "x"]}, "/sides/1", "Enter a whole number"),
        ({"quiet": "perhaps"}, "/quiet", "Enter true or false"),
        ({"name": ""}, "/name", "Enter some text"),
        ({"name": "too long"}, "/name", "Enter at most 5 characters"),
        ({"name": 5}, "/name", "Enter text"),
        ([], "", "Send a JSON object, with the header Content-Type: application/json"),
    ],
)
def test_a_finding_is_worded_for_people_and_points_at_its_field(errors, request_, pointer, detail):
    assert errors(request_)[pointer]["detail"] == detail


def test_an_unknown_field_is_offered_the_nearest_names_at_its_place(errors):
    found = errors({"size": {"height": 1, "heigth": 2}, "tasks": 1})

    assert found["/size/heigth"] == {
        "pointer": "/size/heigth",
        "detail": "There is no field named “heigth” here",
        "suggestions": ["height"],
    }
    assert found["/tasks"]["suggestions"] == ["task"]


def test_a_wrong_choice_is_offered_the_nearest_ones(errors):
    assert errors({"task": "fine-tune"})["/task"] == {
        "pointer": "/task",
        "detail": "Choose train or finetune",
        "suggestions": ["finetune"],
    }


def test_a_slash_in_a_field_name_is_escaped_in_its_pointer(errors):
    assert list(errors({"a/b~c": 1})) == ["/a~1b~0c"]


def test_half_a_surrogate_pair_does_not_break_the_answer(errors):
    found = errors({"\ud800": 1})

    assert str(found).encode()


def test_thousands_of_wrong_fields_are_told_in_part(errors):
    assert len(errors({f"field{n}": n for n in range(5000)})) == 100


def test_a_word_to_choose_is_suggested_where_it_holds_what_was_said(client):
    for said, meant in (("video", "video_generation"), ("recsys", "recommendation"), ("3d", "medical_3d")):
        found = client.post("/recommend", json={"workload": {"task": "train", "domain": said}}).json()
        assert meant in found["errors"][0]["suggestions"]


def test_a_method_for_tables_that_is_given_as_a_model_is_told_where_it_belongs(client):
    work = {"task": "train", "domain": "tabular", "model": {"name": "xgboost"}}
    found = client.post("/recommend", json={"workload": work}).json()["errors"][0]
    assert found["pointer"] == "/workload/model/name"
    assert "give it as algorithm" in found["detail"]
    assert found["suggestions"] == []


def test_a_name_that_nobody_knows_is_told_in_the_language_of_the_page(client):
    headers = {"accept": "text/html", "accept-language": "de"}
    page = client.get("/result?task=train&domain=text&model=llamma-3.1-8bb", headers=headers)
    assert page.status_code == 422
    assert "kennen wir nicht" in page.text
    assert "We know no" not in page.text
