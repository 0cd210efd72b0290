import pytest

LOCAL = {
    "workload": {
        "task": "inference", "domain": "text", "model": {"name": "llama-3.1-70b"}, "framework": "llama.cpp", "precision": "q4_k_m",
    },
}  # fmt: skip


def test_no_device_without_a_back_end_is_recommended(client):
    answer = client.post("/recommend", json=LOCAL).json()

    told = [pick["hardware"]["accelerator"] for pick in answer["picks"]] + [
        offer["accelerator"] for offer in answer["cloud"]
    ]
    assert told
    assert not any("tpu" in name.lower() or "trainium" in name.lower() for name in told)


@pytest.mark.parametrize("name", ["TPU v5e", "TPU v4"])
def test_a_device_that_somebody_owns_is_told_to_lack_one(client, name):
    question = LOCAL | {"constraints": {"existing_hardware": [{"accelerator": name}]}}

    owned = client.post("/recommend", json=question).json()["owned"][0]

    assert owned["fit"] == "unsupported"
    assert "does not run on" in owned["verdict"]


def test_an_estimate_on_it_is_null_with_a_sentence(client):
    answer = client.post("/estimate", json=LOCAL | {"hardware": {"accelerator": "TPU v5e"}}).json()

    assert (answer["fit"], answer["memory_gib_per_device"], answer["throughput"]) == (None, None, None)
    assert any(warning["severity"] == "problem" and "llama.cpp" in warning["text"] for warning in answer["warnings"])
