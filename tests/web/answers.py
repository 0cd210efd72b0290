"""Hand-built answers: what the result page has to cope with, whatever the engine thinks today."""

from app.contract.answer import (
    AssumptionAnswer,
    BreakdownAnswer,
    BuyOrRentAnswer,
    ChangeAnswer,
    CloudAnswer,
    EstimateAnswer,
    HardwareAnswer,
    HostAnswer,
    LinksAnswer,
    MemoryAnswer,
    NeedAnswer,
    OwnedAnswer,
    PickAnswer,
    PriceAnswer,
    ProvenanceAnswer,
    RangeAnswer,
    RecommendationAnswer,
    RejectedAnswer,
    ScenarioAnswer,
    ThroughputAnswer,
    TierAnswer,
    WarningAnswer,
)


def a_range(expected: float) -> RangeAnswer:
    return RangeAnswer(low=expected * 0.8, expected=expected, high=expected * 1.2)


def an_estimate(**changes) -> EstimateAnswer:
    weights = BreakdownAnswer(part="weights", gib=8.0, formula="4 billion parameters × 2 bytes")
    known = {
        "memory_gib_per_device": MemoryAnswer(low=8, expected=10, high=12, breakdown=[weights]),
        "usable_memory_gib": 22.6,
        "fit": "fits",
        "throughput": ThroughputAnswer(
            unit="tokens/s",
            total=a_range(1000),
            per_device=a_range(1000),
            prefill_tokens_per_s=None,
            decode_tokens_per_s=None,
            model_flops_utilization=0.4,
            bound_by="compute",
        ),
        "step_ms": a_range(500),
        "duration_hours": a_range(10),
        "device_hours": a_range(10),
        "energy_kwh": a_range(3),
        "cost_usd": a_range(4),
        "evidence": "estimated",
        "assumptions": [],
        "warnings": [],
    }
    return EstimateAnswer(**known | changes)


def a_pick(**changes) -> PickAnswer:
    known = {
        "role": "best_fit",
        "hardware": HardwareAnswer(accelerator="geforce-rtx-3090", name="GeForce RTX 3090", count=1),
        "fit": "fits",
        "estimate": an_estimate(),
        "price_usd": PriceAnswer(
            low=700, expected=850, high=1000, as_of="2026-09-15", source="https://example.org/prices", condition="used"
        ),
        "good_for": "Holds the work.",
        "look_out_for": "It is hot.",
        "why": "Most memory for the money.",
        "support": "supported",
        "machine": "A workstation",
    }
    return PickAnswer(**known | changes)


def an_offer(**changes) -> CloudAnswer:
    known = {
        "provider": "Cloud",
        "instance": "g1",
        "region": "eu",
        "accelerator": "L4",
        "count": 1,
        "usd_per_hour": 0.8,
        "pricing": "on_demand",
        "hours": a_range(12),
        "total_usd": a_range(9.6),
        "as_of": "2026-10-01",
        "source": "https://example.org/cloud",
    }
    return CloudAnswer(**known | changes)


def a_card_of_ones_own(fit: str, *, usable: bool) -> OwnedAnswer:
    return OwnedAnswer(
        hardware=HardwareAnswer(accelerator="mine", name="My card", count=1),
        fit=fit,
        verdict="Seen.",
        change_needed=None,
        usable=usable,
    )


def a_recommendation(**changes) -> RecommendationAnswer:
    months = list(range(25))
    known = {
        "scenario": ScenarioAnswer(
            number=2, slug="one-gpu", title="One GPU", rule="one-card", reasons=["It fits on one card."]
        ),
        "tier": TierAnswer(slug="high", title="High-end card", memory_gib_min=24, memory_gib_max=32),
        "verdict": "One card with 24 GB is enough.",
        "need": NeedAnswer(
            memory_gib=a_range(10),
            breakdown=[BreakdownAnswer(part="weights", gib=8, formula="4 billion parameters × 2 bytes")],
            flops_total=1.2e18,
            evidence="estimated",
        ),
        "picks": [a_pick(), a_pick(role="cheaper", fit="tight"), a_pick(role="room_to_grow", fit="does_not_fit")],
        "cloud": [an_offer(instance=f"g{number}") for number in range(5)] + [an_offer(pricing="spot")],
        "buy_or_rent": BuyOrRentAnswer(
            break_even_hours_per_month=120,
            cheaper="rent",
            hours_per_month=40,
            months=months,
            buy_cumulative_usd=[900 + 10 * month for month in months],
            rent_cumulative_usd=[32 * month for month in months],
            buy_hardware="GeForce RTX 3090",
            rent_offer="Cloud g1",
            explanation="Renting is cheaper until 120 hours a month.",
            assumptions=[AssumptionAnswer(field="horizon_months", value=24, why="usual")],
        ),
        "owned": [
            OwnedAnswer(
                hardware=HardwareAnswer(accelerator=None, name="old card", count=2),
                fit="does_not_fit",
                verdict="It is too small.",
                change_needed="Train in 4 bits.",
                considering=True,
            )
        ],
        "host": HostAnswer(cpu_cores=8, ram_gb=32, storage_gb=1000, psu_watts=750, reasons=["The card draws 350 W."]),
        "what_would_change_this": [ChangeAnswer(if_="the model were twice as large", then="it takes 48 GB.")],
        "rejected": [
            RejectedAnswer(hardware=HardwareAnswer(accelerator="x", name="Card X", count=1), because="It is too dear.")
        ],
        "first_steps": ["Try a free notebook."],
        "warnings": [
            WarningAnswer(severity="problem", text="The power supply is too weak."),
            WarningAnswer(severity="warning", text="Prices move."),
            WarningAnswer(severity="note", text="It gets warm."),
        ],
        "assumptions": [
            AssumptionAnswer(field="batch_size", value=1, why="usual"),
            AssumptionAnswer(field="gradient_checkpointing", value=True, why="usual"),
        ],
        "provenance": ProvenanceAnswer(
            catalogue_revision=7, engine_version="1.0", computed_at="2026-10-06T12:30:00+00:00"
        ),
        "links": LinksAnswer(
            permalink="https://rig.example/recommend?task=train", html="https://rig.example/result?task=train"
        ),
    }
    return RecommendationAnswer(**known | changes)


def nothing_known() -> RecommendationAnswer:
    """Everything that may be missing is missing."""
    return a_recommendation(
        need=NeedAnswer(memory_gib=None, breakdown=[], flops_total=None, evidence="assumed"),
        picks=[],
        cloud=[],
        buy_or_rent=None,
        owned=[],
        what_would_change_this=[],
        rejected=[],
        first_steps=[],
        warnings=[],
        assumptions=[],
        host=HostAnswer(cpu_cores=4, ram_gb=16, storage_gb=500, psu_watts=None, reasons=[]),
    )
