"""Which function works out the numbers of which page."""

from collections.abc import Callable, Mapping

from app.catalogue.snapshot import Snapshot
from app.learn import basics, hardware_pages, memory_pages, trade_offs
from app.learn.lesson import Worked

WORKED: Mapping[str, Callable[[Snapshot], Worked]] = {
    "why-hardware-matters": basics.why_hardware_matters,
    "forward-and-backward": basics.forward_and_backward,
    "vgg16": basics.vgg16_by_the_numbers,
    "latency-and-throughput": trade_offs.latency_and_throughput,
    "memory-of-training": memory_pages.memory_of_training,
    "memory-of-serving": memory_pages.memory_of_serving,
    "cards-do-not-add-up": memory_pages.cards_do_not_add_up,
    "buy-or-rent": trade_offs.buy_or_rent,
    "reading-a-spec-sheet": hardware_pages.spec_sheet,
    "old-cards": hardware_pages.old_cards,
    "short-history": hardware_pages.short_history,
    "the-article-of-2017": hardware_pages.corrections,
}
"""Page to numbers; every page has an entry, and every entry a page."""
