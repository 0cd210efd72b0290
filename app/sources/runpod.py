"""RunPod's public GraphQL: what one GPU costs in its own data centres and with its community."""

from collections.abc import Sequence

from app.sources.fetching import Document, Fetcher
from app.sources.offers import Known, LiveOffer, Parsed, Source
from app.sources.reading import MalformedError, items, json_object, price

ADDRESS = "https://api.runpod.io/graphql"
QUERY = "query { gpuTypes { id displayName memoryInGb secureCloud communityCloud securePrice communityPrice } }"
KINDS = (
    ("secure-cloud pod", "secureCloud", "securePrice"),
    ("community-cloud pod", "communityCloud", "communityPrice"),
)


def fetch(fetcher: Fetcher, known: Known) -> list[Document]:  # noqa: ARG001 - every source is asked alike
    """One question."""
    return [fetcher.post(ADDRESS, {"query": QUERY})]


def parse(documents: Sequence[Document], known: Known) -> Parsed:  # noqa: ARG001
    """Prices are for one GPU; errors come with status 200."""
    parsed = Parsed()
    for document in documents:
        told = json_object(document)
        if told.get("errors") or not isinstance(told.get("data"), dict):
            messages = [str(error.get("message", ""))[:200] for error in told.get("errors") or [] if error]
            raise MalformedError(f"{ADDRESS}: {' '.join(messages) or 'there is no data'}")
        for gpu in items(told["data"], "gpuTypes", address=ADDRESS):
            parsed.rows_seen += 1
            for instance, offered, column in KINDS:
                usd = price(gpu.get(column)) if gpu.get(offered) else None
                if str(gpu.get("id")) == "unknown" or usd is None:
                    parsed.rejected["not offered"] += 1
                    continue
                parsed.offers.append(
                    LiveOffer(
                        provider="runpod",
                        instance=instance,
                        region="Global",
                        accelerator_name=str(gpu.get("displayName", "")),
                        count=1.0,
                        usd_per_hour_on_demand=usd,
                        memory_gib=price(gpu.get("memoryInGb")),
                        note="one GPU; several cost as many times",
                    )
                )
        parsed.complete.add("runpod")
    return parsed


SOURCE = Source(
    key="runpod",
    title="RunPod GPU types",
    url="https://docs.runpod.io/",
    licence="public list prices",
    fetch=fetch,
    parse=parse,
    knows_spot=False,
)
