from html import unescape

CLUSTER = "/result?task=pretrain&domain=text&model=llama-3.1-8b&tokens=1e12"
SERVED = "/result?task=inference&domain=text&model=llama-3.1-70b&framework=vllm&precision=fp8&concurrent_requests=32"
PICTURES = "/result?task=train&domain=vision&model=resnet50&dataset=imagenet-1k"


def text_of(client, address):
    page = client.get(address, headers={"Accept": "text/html"})
    assert page.status_code == 200
    return unescape(page.text)


def test_a_pick_of_several_devices_tells_its_plan(client):
    page = text_of(client, CLUSTER)

    assert "Work shared by" in page
    assert "Waiting for messages" in page


def test_a_pick_for_serving_tells_its_latency_and_concurrency(client):
    page = text_of(client, SERVED)

    assert "First token after" in page
    assert "ms for a token" in page
    assert "With speculative decoding" in page


def test_a_pick_for_pictures_tells_what_feeds_it(client):
    assert "processor cores decode" in text_of(client, PICTURES)


def test_the_page_of_a_device_links_what_was_measured(client):
    page = text_of(client, "/hardware/a100-sxm4-80gb")

    assert "https://github.com/" in page
    assert "Measured on it" in page
