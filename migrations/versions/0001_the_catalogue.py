"""The catalogue."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accepted_findings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=60), nullable=False),
        sa.Column("entry", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accepted_findings")),
        sa.UniqueConstraint("rule", "entry", name=op.f("uq_accepted_findings_rule_entry")),
    )
    op.create_table(
        "aliases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("alias", sa.String(length=200), nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("ambiguous", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("note", sa.String(length=2000), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aliases")),
        sa.UniqueConstraint("kind", "alias", "slug", name=op.f("uq_aliases_kind_alias_slug")),
    )
    op.create_index(op.f("ix_aliases_kind"), "aliases", ["kind"], unique=False)

    op.create_table(
        "catalogue_revision",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_revision")),
    )
    op.create_table(
        "rules",
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("condition", sa.String(length=2000), nullable=False),
        sa.Column("outcome", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("last_checked", sa.Date(), nullable=False),
        sa.Column("owner", sa.String(length=200), server_default="", nullable=False),
        sa.Column("source", sa.String(length=600), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_rules")),
    )
    op.create_table(
        "scenarios",
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("summary", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_scenarios")),
        sa.UniqueConstraint("number", name=op.f("uq_scenarios_number")),
    )
    op.create_table(
        "sources",
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("title", sa.String(length=400), server_default="", nullable=False),
        sa.Column("url", sa.String(length=600), server_default="", nullable=False),
        sa.Column("licence", sa.String(length=200), server_default="", nullable=False),
        sa.Column("note", sa.String(length=2000), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sources")),
    )
    op.create_table(
        "tiers",
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("memory_gib_min", sa.Float(), nullable=True),
        sa.Column("memory_gib_max", sa.Float(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("description", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_tiers")),
        sa.UniqueConstraint("position", name=op.f("uq_tiers_position")),
    )
    op.create_table(
        "algorithms",
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("category", sa.String(length=30), nullable=False),
        sa.Column("time_train", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("time_predict", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("memory", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("gpu_helps", sa.String(length=200), server_default="", nullable=False),
        sa.Column("gpu_crossover", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("gpu_library", sa.String(length=400), server_default="", nullable=False),
        sa.Column("cpu_library", sa.String(length=400), server_default="", nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("confidence", sa.String(length=10), nullable=False),
        sa.Column("note", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["source"], ["sources.key"], name=op.f("fk_algorithms_source")),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_algorithms")),
    )
    op.create_table(
        "countries",
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("usd_per_kwh", sa.BigInteger(), nullable=True),
        sa.Column("usd_per_kwh_low", sa.BigInteger(), nullable=True),
        sa.Column("usd_per_kwh_high", sa.BigInteger(), nullable=True),
        sa.Column("price_as_of", sa.Date(), nullable=True),
        sa.Column("carbon_g_per_kwh", sa.Float(), nullable=True),
        sa.Column("carbon_as_of", sa.Date(), nullable=True),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("confidence", sa.String(length=10), nullable=False),
        sa.Column("note", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["source"], ["sources.key"], name=op.f("fk_countries_source")),
        sa.PrimaryKeyConstraint("country", name=op.f("pk_countries")),
    )
    op.create_table(
        "datasets",
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("modality", sa.String(length=30), nullable=False),
        sa.Column("task", sa.String(length=60), server_default="", nullable=False),
        sa.Column("samples", sa.Float(), nullable=True),
        sa.Column("tokens", sa.Float(), nullable=True),
        sa.Column("rows", sa.Float(), nullable=True),
        sa.Column("columns", sa.Float(), nullable=True),
        sa.Column("size_gb", sa.Float(), nullable=True),
        sa.Column("typical_epochs", sa.Float(), nullable=True),
        sa.Column("image_size", sa.String(length=40), server_default="", nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("confidence", sa.String(length=10), nullable=False),
        sa.Column("note", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["source"], ["sources.key"], name=op.f("fk_datasets_source")),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_datasets")),
    )
    op.create_table(
        "diffusion_models",
        sa.Column("architecture", sa.String(length=30), nullable=False),
        sa.Column("modality", sa.String(length=40), nullable=False),
        sa.Column("denoiser_parameters", sa.BigInteger(), nullable=False),
        sa.Column("text_encoder_parameters", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("vae_parameters", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("flops_per_forward", sa.Float(), nullable=True),
        sa.Column("default_height", sa.Integer(), nullable=False),
        sa.Column("default_width", sa.Integer(), nullable=False),
        sa.Column("default_frames", sa.Integer(), server_default="1", nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=True),
        sa.Column("default_steps", sa.Integer(), nullable=False),
        sa.Column("guidance_doubles_batch", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("vae_spatial_factor", sa.Integer(), nullable=False),
        sa.Column("vae_temporal_factor", sa.Integer(), server_default="1", nullable=False),
        sa.Column("latent_channels", sa.Integer(), nullable=False),
        sa.Column("native_precision", sa.String(length=20), server_default="", nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("family", sa.String(length=60), server_default="", nullable=False),
        sa.Column("domain", sa.String(length=30), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("confidence", sa.String(length=10), nullable=False),
        sa.Column("note", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["source"], ["sources.key"], name=op.f("fk_diffusion_models_source")),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_diffusion_models")),
    )
    op.create_table(
        "economic_factors",
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("topic", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=200), server_default="", nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("low", sa.Float(), nullable=True),
        sa.Column("high", sa.Float(), nullable=True),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("confidence", sa.String(length=10), nullable=False),
        sa.Column("note", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["source"], ["sources.key"], name=op.f("fk_economic_factors_source")),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_economic_factors")),
    )
    op.create_table(
        "host_parts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(length=20), nullable=False),
        sa.Column("spec", sa.String(length=200), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_low", sa.BigInteger(), nullable=False),
        sa.Column("amount_high", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("confidence", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["source"], ["sources.key"], name=op.f("fk_host_parts_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_host_parts")),
    )
    op.create_table(
        "networks",
        sa.Column("architecture", sa.String(length=20), nullable=False),
        sa.Column("task", sa.String(length=60), server_default="", nullable=False),
        sa.Column("parameters", sa.BigInteger(), nullable=False),
        sa.Column("macs_per_sample", sa.Float(), nullable=True),
        sa.Column("activations_per_sample", sa.Float(), nullable=True),
        sa.Column("reference_size", sa.String(length=40), server_default="", nullable=False),
        sa.Column("depth", sa.Integer(), nullable=True),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("family", sa.String(length=60), server_default="", nullable=False),
        sa.Column("domain", sa.String(length=30), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("confidence", sa.String(length=10), nullable=False),
        sa.Column("note", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["source"], ["sources.key"], name=op.f("fk_networks_source")),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_networks")),
    )
    op.create_table(
        "providers",
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("status_note", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("homepage", sa.String(length=400), server_default="", nullable=False),
        sa.Column("billing", sa.String(length=200), server_default="", nullable=False),
        sa.Column("spot", sa.String(length=400), server_default="", nullable=False),
        sa.Column("free_tier", sa.String(length=400), server_default="", nullable=False),
        sa.Column("note", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["source"], ["sources.key"], name=op.f("fk_providers_source")),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_providers")),
    )
    op.create_table(
        "software_support",
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("vendor", sa.String(length=40), server_default="", nullable=False),
        sa.Column("architecture", sa.String(length=200), server_default="", nullable=False),
        sa.Column("target", sa.String(length=200), server_default="", nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("since", sa.String(length=60), server_default="", nullable=False),
        sa.Column("last_runtime", sa.String(length=200), server_default="", nullable=False),
        sa.Column("last_pytorch", sa.String(length=200), server_default="", nullable=False),
        sa.Column("operating_systems", sa.String(length=200), server_default="", nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("confidence", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["source"], ["sources.key"], name=op.f("fk_software_support_source")),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_software_support")),
    )
    op.create_table(
        "transformers",
        sa.Column("hub_id", sa.String(length=200), server_default="", nullable=False),
        sa.Column("modality", sa.String(length=40), nullable=False),
        sa.Column("architecture", sa.String(length=20), nullable=False),
        sa.Column("parameters", sa.BigInteger(), nullable=True),
        sa.Column("active_parameters", sa.BigInteger(), nullable=True),
        sa.Column("vision_parameters", sa.BigInteger(), nullable=True),
        sa.Column("num_hidden_layers", sa.Integer(), nullable=True),
        sa.Column("hidden_size", sa.Integer(), nullable=True),
        sa.Column("intermediate_size", sa.Integer(), nullable=True),
        sa.Column("num_attention_heads", sa.Integer(), nullable=True),
        sa.Column("num_key_value_heads", sa.Integer(), nullable=True),
        sa.Column("head_dim", sa.Integer(), nullable=True),
        sa.Column("vocab_size", sa.Integer(), nullable=True),
        sa.Column("tie_word_embeddings", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("gated_ffn", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("max_position_embeddings", sa.Integer(), nullable=True),
        sa.Column("attention_kind", sa.String(length=20), nullable=False),
        sa.Column("sliding_window", sa.Integer(), nullable=True),
        sa.Column("num_full_attention_layers", sa.Integer(), nullable=True),
        sa.Column("num_sliding_layers", sa.Integer(), server_default="0", nullable=False),
        sa.Column("num_linear_layers", sa.Integer(), server_default="0", nullable=False),
        sa.Column("kv_lora_rank", sa.Integer(), nullable=True),
        sa.Column("q_lora_rank", sa.Integer(), nullable=True),
        sa.Column("qk_nope_head_dim", sa.Integer(), nullable=True),
        sa.Column("qk_rope_head_dim", sa.Integer(), nullable=True),
        sa.Column("v_head_dim", sa.Integer(), nullable=True),
        sa.Column("kv_bytes_per_token_16bit", sa.Integer(), nullable=True),
        sa.Column("num_experts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("num_experts_per_token", sa.Integer(), server_default="0", nullable=False),
        sa.Column("num_shared_experts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("moe_intermediate_size", sa.Integer(), nullable=True),
        sa.Column("num_dense_layers", sa.Integer(), server_default="0", nullable=False),
        sa.Column("encoder_layers", sa.Integer(), server_default="0", nullable=False),
        sa.Column("decoder_layers", sa.Integer(), server_default="0", nullable=False),
        sa.Column("native_precision", sa.String(length=20), server_default="", nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("family", sa.String(length=60), server_default="", nullable=False),
        sa.Column("domain", sa.String(length=30), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("confidence", sa.String(length=10), nullable=False),
        sa.Column("note", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["source"], ["sources.key"], name=op.f("fk_transformers_source")),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_transformers")),
    )
    op.create_table(
        "accelerators",
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("vendor", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("segment", sa.String(length=20), nullable=False),
        sa.Column("architecture", sa.String(length=200), server_default="", nullable=False),
        sa.Column("memory_type", sa.String(length=60), server_default="", nullable=False),
        sa.Column("unified_memory", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("interconnect", sa.String(length=20), server_default="none", nullable=False),
        sa.Column("compute_capability", sa.String(length=10), nullable=True),
        sa.Column("software_stack", sa.String(length=20), server_default="", nullable=False),
        sa.Column("support", sa.String(length=120), nullable=False),
        sa.Column("market_status", sa.String(length=20), server_default="", nullable=False),
        sa.Column("launch", sa.String(length=10), server_default="", nullable=False),
        sa.Column("confidence", sa.String(length=10), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("note", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["source"], ["sources.key"], name=op.f("fk_accelerators_source")),
        sa.ForeignKeyConstraint(["support"], ["software_support.slug"], name=op.f("fk_accelerators_support")),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_accelerators")),
    )
    op.create_table(
        "accelerator_facts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("accelerator", sa.String(length=120), nullable=False),
        sa.Column("field", sa.String(length=60), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("confidence", sa.String(length=10), nullable=False),
        sa.Column("note", sa.String(length=2000), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["accelerator"], ["accelerators.slug"], name=op.f("fk_accelerator_facts_accelerator")),
        sa.ForeignKeyConstraint(["source"], ["sources.key"], name=op.f("fk_accelerator_facts_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accelerator_facts")),
        sa.UniqueConstraint("accelerator", "field", name=op.f("uq_accelerator_facts_accelerator_field")),
    )
    op.create_table(
        "machines",
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("accelerator", sa.String(length=120), nullable=True),
        sa.Column("accelerator_count", sa.Integer(), nullable=False),
        sa.Column("cpu", sa.String(length=200), server_default="", nullable=False),
        sa.Column("ram_gb", sa.Float(), nullable=True),
        sa.Column("storage_gb", sa.Float(), nullable=True),
        sa.Column("psu_w", sa.Float(), nullable=True),
        sa.Column("usd_low", sa.BigInteger(), nullable=True),
        sa.Column("usd", sa.BigInteger(), nullable=True),
        sa.Column("usd_high", sa.BigInteger(), nullable=True),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("confidence", sa.String(length=10), nullable=False),
        sa.Column("note", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["accelerator"], ["accelerators.slug"], name=op.f("fk_machines_accelerator")),
        sa.ForeignKeyConstraint(["source"], ["sources.key"], name=op.f("fk_machines_source")),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_machines")),
    )
    op.create_table(
        "offer_history",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(length=120), nullable=False),
        sa.Column("instance", sa.String(length=200), nullable=False),
        sa.Column("region", sa.String(length=200), nullable=False),
        sa.Column("accelerator", sa.String(length=120), nullable=True),
        sa.Column("accelerator_name", sa.String(length=200), nullable=False),
        sa.Column("accelerator_count", sa.Float(), nullable=False),
        sa.Column("accelerator_memory_gib", sa.Float(), nullable=False),
        sa.Column("vcpus", sa.Float(), nullable=True),
        sa.Column("ram_gb", sa.Float(), nullable=True),
        sa.Column("storage_gb", sa.Float(), nullable=True),
        sa.Column("usd_per_hour_on_demand", sa.BigInteger(), nullable=True),
        sa.Column("usd_per_hour_spot", sa.BigInteger(), nullable=True),
        sa.Column("billing", sa.String(length=200), server_default="", nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("note", sa.String(length=2000), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["accelerator"], ["accelerators.slug"], name=op.f("fk_offer_history_accelerator")),
        sa.ForeignKeyConstraint(["provider"], ["providers.slug"], name=op.f("fk_offer_history_provider")),
        sa.ForeignKeyConstraint(["source"], ["sources.key"], name=op.f("fk_offer_history_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer_history")),
    )
    op.create_index(op.f("ix_offer_history_provider"), "offer_history", ["provider"], unique=False)

    op.create_table(
        "offers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(length=120), nullable=False),
        sa.Column("instance", sa.String(length=200), nullable=False),
        sa.Column("region", sa.String(length=200), nullable=False),
        sa.Column("accelerator", sa.String(length=120), nullable=True),
        sa.Column("accelerator_name", sa.String(length=200), nullable=False),
        sa.Column("accelerator_count", sa.Float(), nullable=False),
        sa.Column("accelerator_memory_gib", sa.Float(), nullable=False),
        sa.Column("vcpus", sa.Float(), nullable=True),
        sa.Column("ram_gb", sa.Float(), nullable=True),
        sa.Column("storage_gb", sa.Float(), nullable=True),
        sa.Column("usd_per_hour_on_demand", sa.BigInteger(), nullable=True),
        sa.Column("usd_per_hour_spot", sa.BigInteger(), nullable=True),
        sa.Column("billing", sa.String(length=200), server_default="", nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("note", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["accelerator"], ["accelerators.slug"], name=op.f("fk_offers_accelerator")),
        sa.ForeignKeyConstraint(["provider"], ["providers.slug"], name=op.f("fk_offers_provider")),
        sa.ForeignKeyConstraint(["source"], ["sources.key"], name=op.f("fk_offers_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
    )
    op.create_index(op.f("ix_offers_provider"), "offers", ["provider"], unique=False)

    op.create_table(
        "prices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("accelerator", sa.String(length=120), nullable=False),
        sa.Column("condition", sa.String(length=10), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_low", sa.BigInteger(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("amount_high", sa.BigInteger(), nullable=True),
        sa.Column("region", sa.String(length=10), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("confidence", sa.String(length=10), nullable=False),
        sa.Column("note", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["accelerator"], ["accelerators.slug"], name=op.f("fk_prices_accelerator")),
        sa.ForeignKeyConstraint(["source"], ["sources.key"], name=op.f("fk_prices_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prices")),
    )
    op.create_index(op.f("ix_prices_accelerator"), "prices", ["accelerator"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_prices_accelerator"), table_name="prices")

    op.drop_table("prices")
    op.drop_index(op.f("ix_offers_provider"), table_name="offers")

    op.drop_table("offers")
    op.drop_index(op.f("ix_offer_history_provider"), table_name="offer_history")

    op.drop_table("offer_history")
    op.drop_table("machines")
    op.drop_table("accelerator_facts")
    op.drop_table("accelerators")
    op.drop_table("transformers")
    op.drop_table("software_support")
    op.drop_table("providers")
    op.drop_table("networks")
    op.drop_table("host_parts")
    op.drop_table("economic_factors")
    op.drop_table("diffusion_models")
    op.drop_table("datasets")
    op.drop_table("countries")
    op.drop_table("algorithms")
    op.drop_table("tiers")
    op.drop_table("sources")
    op.drop_table("scenarios")
    op.drop_table("rules")
    op.drop_table("catalogue_revision")
    op.drop_index(op.f("ix_aliases_kind"), table_name="aliases")

    op.drop_table("aliases")
    op.drop_table("accepted_findings")
