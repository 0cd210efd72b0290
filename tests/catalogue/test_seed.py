import re

import pytest
from sqlalchemy import func, select

from app.catalogue.model_specs import transformer_spec
from app.catalogue.seed import FOLDER, seed_rows
from app.db import reading
from app.engine.model_spec import AlgorithmSpec, DiffusionSpec, NetworkSpec, TransformerSpec
from app.tables import AcceleratorRow, OfferRow, PriceRow, Source, TransformerRow


def test_the_seed_holds_the_breadth_that_is_promised(snapshot):
    kinds = [type(spec) for spec in snapshot.models.values()]

    assert len(snapshot.devices) >= 380
    assert kinds.count(TransformerSpec) >= 300
    assert kinds.count(NetworkSpec) >= 236
    assert kinds.count(DiffusionSpec) == 37
    assert len(snapshot.algorithms) >= 47
    assert len(snapshot.datasets) == 89
    assert len(snapshot.market.offers) >= 780
    assert {type(spec) for spec in snapshot.algorithms.values()} == {AlgorithmSpec}


def test_an_unknown_price_is_null_and_never_nothing(seeded):
    with reading(seeded) as session:
        free = session.scalars(select(OfferRow).where(OfferRow.usd_per_hour_on_demand == 0)).all()
        unknown = session.scalar(select(func.count()).where(OfferRow.usd_per_hour_on_demand.is_(None)))

    assert {offer.provider for offer in free} <= {"kaggle", "colab"}
    assert unknown > 0


def test_money_is_kept_in_whole_millionths_of_a_dollar(seeded):
    with reading(seeded) as session:
        stored = session.connection().exec_driver_sql(
            "SELECT usd_per_hour_on_demand FROM offers WHERE instance = 'g7e.4xlarge' AND region = 'us-east-1'"
        )

        assert stored.scalars().all() == [3_998_160]


def test_prices_in_other_currencies_are_kept_and_never_ranked(seeded, snapshot):
    with reading(seeded) as session:
        currencies = set(session.scalars(select(PriceRow.currency).distinct()))
        in_usd = session.scalar(select(func.count()).where(PriceRow.currency == "USD"))

    assert {"EUR", "CHF"} <= currencies
    assert len(snapshot.market.prices) == in_usd


def test_closed_services_are_found_and_marked(snapshot):
    providers = {provider.slug: provider for provider in snapshot.market.providers}

    assert {slug for slug in ("floydhub", "tensorport", "clusterone") if providers[slug].status == "closed"} == {
        "floydhub",
        "tensorport",
        "clusterone",
    }
    assert "August 2021" in providers["floydhub"].status_note


def test_almost_every_offer_is_of_a_product_of_the_catalogue(seeded):
    with reading(seeded) as session:
        unmatched = session.scalars(select(OfferRow).where(OfferRow.accelerator.is_(None))).all()

    assert len(unmatched) <= 2
    assert all("no product" in offer.note for offer in unmatched)


@pytest.mark.parametrize("model", ["llama-3.1-8b", "mixtral-8x7b", "gpt2", "bert-base-uncased"])
def test_parameters_follow_from_the_shape_of_a_transformer(snapshot, model):
    spec = snapshot.models[model]
    width = spec.head_dim * (2 * spec.num_attention_heads + 2 * spec.num_key_value_heads)
    experts = max(1, spec.num_experts)
    ffn = (3 if spec.gated_ffn else 2) * (spec.moe_intermediate_size or spec.intermediate_size) * experts
    embeddings = spec.vocab_size * (1 if spec.tie_word_embeddings else 2)
    counted = spec.hidden_size * (spec.num_hidden_layers * (width + ffn) + embeddings)

    assert spec.parameters == pytest.approx(counted, rel=0.02)


def test_a_model_of_unknown_size_is_no_model_to_compute_with():
    assert transformer_spec(TransformerRow(slug="announced", parameters=None, hidden_size=7168), "") is None


@pytest.mark.parametrize(
    ("model", "domain"),
    [
        ("whisper-large-v3", "audio"),
        ("nnunet-3d-fullres", "medical_3d"),
        ("sd-1.5", "image_generation"),
        ("wan2.1-t2v-14b", "video_generation"),
        ("alphafold2", "science"),
        ("yolo11m", "detection"),
        ("bert-base-uncased", "text"),
    ],
)
def test_a_model_knows_the_domain_it_works_in(snapshot, model, domain):
    assert snapshot.model_domains[model] == domain


def test_vgg16_has_the_counts_that_everybody_can_check(snapshot):
    spec = snapshot.models["vgg16"]

    assert (spec.parameters, spec.macs_per_sample, spec.reference_size) == (138_357_544, 15.47e9, (224, 224))


def test_rows_of_the_seed_are_typed_as_their_columns():
    row = next(row for row in seed_rows(AcceleratorRow) if row["slug"] == "apple-m1")

    assert row["unified_memory"] is True
    assert row["compute_capability"] is None


def test_sources_name_public_places_only():
    for row in seed_rows(Source):
        assert row["title"]
        assert row["url"] == "" or re.match(r"https?://[\w.-]+\.\w+", row["url"])


def test_the_seed_files_are_those_of_the_tables():
    from app.tables import CATALOGUE_TABLES

    assert {path.stem for path in FOLDER.glob("*.csv")} <= CATALOGUE_TABLES


def test_a_line_with_a_cell_too_many_is_named(tmp_path, monkeypatch):
    (tmp_path / "sources.csv").write_text("key,title\na,A, with a comma\n", encoding="utf-8")
    monkeypatch.setattr("app.catalogue.seed.FOLDER", tmp_path)

    with pytest.raises(ValueError, match=r"sources\.csv, line 2"):
        seed_rows(Source)
