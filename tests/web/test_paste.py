"""The door for those who know their model: what was pasted, what was understood, and what may be corrected."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

CONFIG = {
    "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 4096, "intermediate_size": 14336,
    "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256,
    "max_position_embeddings": 131072, "torch_dtype": "bfloat16",
}  # fmt: skip


def fields(page):
    return {box["name"]: box.get("value", "") for box in page.select("main input[type=text]")}


@pytest.mark.parametrize(
    "text",
    [
        "llama-3.1-8b",
        "meta-llama/Llama-3.1-8B",
        "https://huggingface.co/meta-llama/Llama-3.1-8B",
        "https://huggingface.co/meta-llama/Llama-3.1-8B/tree/main?x=1",
    ],
)
def test_a_name_and_its_address_are_understood(browser, text):
    page = browser.submit(browser.get("/paste"), model=text)

    assert "Found in our list of models" in page.get_text()
    assert fields(page)["layers"] == "32"
    assert fields(page)["kv_heads"] == "8"


def test_only_a_size_is_taken_with_a_warning(browser):
    page = browser.submit(browser.get("/paste"), model="13B")

    assert "guessed from the name: please check" in page.get_text()
    assert fields(page)["parameters"] == "13000000000"
    assert "13 billion" in page.get_text()


def test_a_config_is_read_and_leads_to_the_answer_unchanged(browser):
    page = browser.submit(browser.get("/paste"), model=json.dumps(CONFIG, indent=2))
    result = browser.submit(page, task="finetune")
    asked = parse_qs(urlsplit(result.url).query)

    assert "Read from the config.json" in page.get_text()
    assert fields(page)["vocabulary"] == "128256"
    assert result.select_one("h1.verdict")
    assert "hf_config" in asked
    assert asked["task"] == ["finetune"]


def test_a_corrected_value_replaces_what_was_found(browser):
    page = browser.get("/paste?model=llama-3.1-8b")
    result = browser.submit(page, layers="64", parameters="16B", people="4")
    asked = parse_qs(urlsplit(result.url).query)

    assert "model" not in asked
    assert float(asked["parameters"][0]) == 16e9
    assert asked["layers"] == ["64"]
    assert asked["concurrent_requests"] == ["4"]


def test_a_wrong_correction_is_named_and_nothing_is_lost(browser):
    page = browser.get("/paste?model=llama-3.1-8b")
    again = browser.submit(page, layers="many", hidden_size="5000", status=422)

    assert again.select_one(".error-summary a")["href"] == "#layers"
    assert fields(again)["hidden_size"] == "5000"
    assert again.title.get_text().startswith("Error:")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("???", "That does not look like a model name or config"),
        ("", "That does not look like a model name or config"),
        ('{"model_type": "llama"', "is not whole"),
        ('{"a": 1}', "cannot be read"),
        ("[" * 5000, "That does not look like"),
    ],
)
def test_what_cannot_be_understood_says_what_to_do(browser, text, told):
    page = browser.post("/paste", data={"model": text}, status=422)

    assert told in page.select_one(".error-summary").get_text()
    assert page.select_one(".error-summary a")["href"] == "#pasted"


def test_a_network_that_is_no_language_model_keeps_its_name(browser):
    result = browser.submit(browser.get("/paste?model=resnet-50"), task="finetune")

    assert parse_qs(urlsplit(result.url).query)["model"] == ["resnet50"]
