"""Models of the hub: read without running anything of theirs, and every way in which that can fail."""

import json

import pytest
from typer.testing import CliRunner

from app.cli import build
from app.errors import NotFound, Unavailable, Unprocessable
from app.sources.fetching import Fetcher
from app.sources.hub import HUB, read_model
from tests.sources.world import Answer

LLAMA = {
    "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256, "tie_word_embeddings": False,
    "max_position_embeddings": 131072, "torch_dtype": "bfloat16",
}  # fmt: skip
"""The published shape of Llama 3.1 8B, https://huggingface.co/meta-llama/Llama-3.1-8B"""
PARAMETERS = 8_030_261_248
CONFIG = f"{HUB}/meta-llama/Llama-3.1-8B/resolve/main/config.json"
INDEX = f"{HUB}/meta-llama/Llama-3.1-8B/resolve/main/model.safetensors.index.json"
ABOUT = f"{HUB}/api/models/meta-llama/Llama-3.1-8B"


@pytest.fixture
def hub(world):
    """The hub with one model."""
    world.put(CONFIG, json.dumps(LLAMA))
    world.put(INDEX, json.dumps({"metadata": {"total_size": PARAMETERS * 2}, "weight_map": {}}))
    world.put(ABOUT, json.dumps({"safetensors": {"parameters": {"BF16": PARAMETERS}, "total": PARAMETERS}}))
    return world


def test_a_model_is_read_with_its_size_and_cache(hub, fetcher):
    found = read_model("meta-llama/Llama-3.1-8B", fetcher=fetcher)

    assert found.parameters == pytest.approx(PARAMETERS, rel=1e-4)
    assert (found.weights_bytes, found.parameters_in_files) == (PARAMETERS * 2, PARAMETERS)
    assert found.kv_cache_bytes_per_token == 32 * 2 * 8 * 128 * 2
    assert (found.notes, found.source) == ([], f"{HUB}/meta-llama/Llama-3.1-8B")


def test_what_was_read_can_be_asked_about(hub, fetcher, client):
    found = read_model("meta-llama/Llama-3.1-8B", fetcher=fetcher)
    workload = {"task": "inference", "domain": "text", "model": {"hf_config": found.hf_config}}

    assert client.post("/recommend", json={"workload": workload}).status_code == 200


def test_sizes_that_the_hub_does_not_tell_are_unknown(hub, fetcher):
    hub.put(INDEX, Answer(status=404))
    hub.put(ABOUT, Answer(b"<html>"))

    found = read_model("meta-llama/Llama-3.1-8B", fetcher=fetcher)

    assert (found.weights_bytes, found.parameters_in_files) == (None, None)
    assert "does not say" in found.notes[0]


def test_a_model_in_one_file_has_its_size_from_the_types_of_its_values(hub, fetcher):
    hub.put(INDEX, Answer(status=404))

    assert read_model("meta-llama/Llama-3.1-8B", fetcher=fetcher).weights_bytes == PARAMETERS * 2


def test_files_that_hold_something_else_are_pointed_out(hub, fetcher):
    hub.put(ABOUT, json.dumps({"safetensors": {"total": 2_000_000_000}}))

    assert "2e+09" in read_model("meta-llama/Llama-3.1-8B", fetcher=fetcher).notes[0]


def test_weights_behind_a_redirect_to_another_host_stay_unread(hub, fetcher):
    hub.put(INDEX, Answer(status=302, headers={"location": "https://elsewhere.example/big"}))
    hub.put(ABOUT, Answer(status=404))

    assert read_model("meta-llama/Llama-3.1-8B", fetcher=fetcher).weights_bytes is None
    assert not any("elsewhere" in path for path in hub.paths)


@pytest.mark.parametrize(
    "hub_id", ["llama", "../x", "a/../b", "a/b/c", "http://evil/x", "a b/c", "a/b?x=1", "a/b\n", ""]
)
def test_what_is_no_id_is_never_asked_for(world, fetcher, hub_id):
    with pytest.raises(Unprocessable, match="hub_id: Enter an id"):
        read_model(hub_id, fetcher=fetcher)
    assert world.asked == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_gated_model_says_so(hub, fetcher, status):
    hub.put(CONFIG, Answer(status=status))

    with pytest.raises(Unprocessable, match="gated or private"):
        read_model("meta-llama/Llama-3.1-8B", fetcher=fetcher)


def test_a_missing_model_says_so(world, fetcher):
    with pytest.raises(NotFound, match=r"no config\.json of nobody/nothing"):
        read_model("nobody/nothing", fetcher=fetcher)


def test_the_parts_of_a_generator_are_told_from_a_missing_model(world, fetcher):
    index = {"_class_name": "StableDiffusionXLPipeline", "unet": ["diffusers", "UNet2DConditionModel"]}
    world.put(f"{HUB}/some/sdxl/resolve/main/model_index.json", json.dumps(index))

    with pytest.raises(Unprocessable, match=r"generator .* \(StableDiffusionXLPipeline\)"):
        read_model("some/sdxl", fetcher=fetcher)


def test_offline_says_so_at_once():
    waits: list[float] = []

    with pytest.raises(Unavailable, match="cannot be reached"):
        read_model("a/b", fetcher=lambda **more: Fetcher(stand_in="http://127.0.0.1:9", sleep=waits.append, **more))
    assert waits == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"not json", "cannot be read as a JSON object"),
        (b"[1, 2]", "cannot be read as a JSON object"),
        (b"[" * 100_000, "cannot be read as a JSON object"),
        (b'{"model_type": "surprise-9"}', "Describe the model by its number of parameters"),
        (b"x" * 5_000_000, "cannot be read"),
        (json.dumps(LLAMA | {"hidden_size": 10**30}).encode(), "hidden_size"),
        (json.dumps(LLAMA | {"num_hidden_layers": "__import__('os')"}).encode(), "num_hidden_layers"),
    ],
    ids=["text", "list", "deep", "unknown", "huge", "absurd", "code"],
)
def test_a_config_that_cannot_be_used_is_refused_in_words(hub, fetcher, body, told):
    hub.put(CONFIG, body)

    with pytest.raises(Unprocessable, match=told):
        read_model("meta-llama/Llama-3.1-8B", fetcher=fetcher)


def test_the_command_tells_what_the_model_is(hub):
    done = CliRunner().invoke(build(), ["models", "import", "meta-llama/Llama-3.1-8B", "--mirror", hub.url])

    assert done.exit_code == 0
    assert "8,030,2" in done.stdout
    assert "128.0 KiB in 16 bit" in done.stdout
