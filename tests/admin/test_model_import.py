"""A model of the hub becomes a draft: by page, by program and by command; until it is published nothing changes."""

import json

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from app.catalogue.model_specs import LISTENING
from app.cli import build
from app.main import create_app
from app.settings import Settings
from app.sources.hub import HUB
from tests.sources.conftest import world  # noqa: F401 - a fixture
from tests.sources.test_hub import LLAMA, PARAMETERS
from tests.sources.world import Answer

HUB_ID = "acme/Nova-8B"
PLACE = f"{HUB}/{HUB_ID}/resolve/main"
NEW = {"hub_id": HUB_ID, "save": True}


@pytest.fixture
def hub(world):  # noqa: F811
    """The hub with one model."""
    world.put(f"{PLACE}/config.json", json.dumps(LLAMA))
    world.put(
        f"{PLACE}/model.safetensors.index.json",
        json.dumps({"metadata": {"total_size": PARAMETERS * 2}, "weight_map": {}}),
    )
    world.put(f"{HUB}/api/models/{HUB_ID}", json.dumps({"safetensors": {"total": PARAMETERS}}))
    return world


@pytest.fixture
def service(sqlite_copy, hub):
    with TestClient(create_app(Settings(database_url=sqlite_copy, prices_mirror=hub.url))) as client:
        yield client


def test_a_program_imports_a_model_and_publishes_it(service, key_of):
    approver = key_of(service, "approver")
    looked = service.post("/admin/api/model-imports", json={"hub_id": HUB_ID}, headers=approver)
    made = service.post("/admin/api/model-imports", json=NEW, headers=approver)
    before = service.get("/models/nova-8b", headers={"accept": "application/json"})

    published = service.post("/admin/api/draft/publication", json={"why": "a new model"}, headers=approver)

    assert (looked.status_code, "entry" in looked.json()) == (200, False)
    assert (made.status_code, made.headers["location"]) == (201, "/admin/api/transformers/nova-8b")
    values = made.json()["entry"]["draft"]["values"]
    assert (values["hub_id"], values["parameters"], values["confidence"]) == (HUB_ID, PARAMETERS, "high")
    assert (before.status_code, published.status_code) == (404, 201), published.text
    after = service.get("/models/nova-8b", headers={"accept": "application/json"}).json()
    assert after["spec"]["num_key_value_heads"] == 8
    source = service.get("/admin/api/sources/hub-acme-nova-8b", headers=approver).json()
    assert source["published"]["url"] == f"https://huggingface.co/{HUB_ID}"


def test_a_model_with_an_encoder_of_sound_is_kept_as_a_listener(service, hub, key_of):
    sound = {"d_model": 1280, "encoder_layers": 32, "encoder_ffn_dim": 5120}
    hub.put(f"{PLACE}/config.json", json.dumps({**LLAMA, "audio_config": sound}))

    made = service.post("/admin/api/model-imports", json=NEW, headers=key_of(service, "approver"))

    assert made.json()["entry"]["draft"]["values"]["modality"] == LISTENING


def test_a_name_that_is_taken_is_replaced_only_when_asked(service, key_of):
    editor = key_of(service, "editor")
    service.post("/admin/api/model-imports", json=NEW, headers=editor)

    taken = service.post("/admin/api/model-imports", json=NEW, headers=editor)
    replaced = service.post("/admin/api/model-imports", json=NEW | {"replace": True}, headers=editor)
    wrong = service.post("/admin/api/model-imports", json=NEW | {"slug": "other", "domain": "smell"}, headers=editor)

    assert (taken.status_code, replaced.status_code, wrong.status_code) == (409, 201, 422)


def test_a_person_looks_first_and_then_drafts(service, signed_in):
    browser = signed_in(service, "editor")
    read = browser.submit(browser.get("/admin/import-model"), form="#model", hub_id=HUB_ID, step="read")
    assert "128.0 KiB" in read.get_text()

    taken = browser.submit(read, form="#model", step="save", slug="llama-3.1-8b", status=409)
    saved = browser.submit(taken, form="#model", step="save", slug="nova-8b")

    assert "There is a model llama-3.1-8b" in taken.select_one(".error-summary").get_text()
    assert "8030261248" in str(saved)


def test_a_model_that_the_catalogue_has_under_another_name_is_pointed_out(service, hub, key_of):
    known = f"{HUB}/meta-llama/Llama-3.1-8B"
    hub.put(f"{known}/resolve/main/config.json", json.dumps(LLAMA))
    wanted = {"hub_id": "meta-llama/Llama-3.1-8B", "save": True, "slug": "another"}

    answer = service.post("/admin/api/model-imports", json=wanted, headers=key_of(service, "editor"))

    assert (answer.status_code, "already, as llama-3.1-8b" in answer.json()["detail"]) == (409, True)


@pytest.mark.parametrize(
    ("answer", "status", "told"),
    [
        (Answer(status=401), 422, "gated or private"),
        (Answer(status=404), 404, "no config.json"),
        (Answer(b"{}"), 422, "lacks hidden_size"),
        (Answer(status=503), 503, "cannot be reached"),
    ],
    ids=["gated", "missing", "unknown", "down"],
)
def test_what_cannot_be_read_is_told_on_the_page(service, hub, signed_in, answer, status, told):
    hub.put(f"{PLACE}/config.json", answer)
    browser = signed_in(service, "editor")

    page = browser.submit(browser.get("/admin/import-model"), form="#model", hub_id=HUB_ID, step="read", status=status)

    assert told in page.select_one(".error-summary").get_text()


def test_the_command_puts_it_into_the_draft(sqlite_copy, hub, monkeypatch, key_of):
    monkeypatch.setenv("WHICHRIG_DATABASE_URL", sqlite_copy)
    command = ["models", "import", HUB_ID, "--mirror", hub.url, "--save", "--by", "Kim"]

    done = CliRunner().invoke(build(), command)
    again = CliRunner().invoke(build(), command)

    assert (done.exit_code, again.exit_code) == (0, 1), done.output
    assert "nova-8b is in the draft now" in done.stderr
    with TestClient(create_app(Settings(database_url=sqlite_copy))) as client:
        drafted = client.get("/admin/api/draft", headers=key_of(client, "viewer")).json()["changes"]
    assert [(change["entity"], change["changed_by"]) for change in drafted] == [
        ("sources", "Kim"),
        ("transformers", "Kim"),
    ]
