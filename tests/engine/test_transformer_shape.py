import pytest

from app.engine.params import block_parameters, multiplied_parameters
from app.engine.transformer_shape import inferred_transformer, transformer_from_counts
from app.engine.workload import ModelChoice


@pytest.mark.parametrize("parameters", [1e6, 125e6, 1.1e9, 7e9, 70e9, 405e9, 1e12, 1e14])
@pytest.mark.parametrize("architecture", ["decoder", "encoder", "encoder_decoder"])
def test_the_inferred_shape_gives_back_the_parameter_count(parameters, architecture):
    spec = inferred_transformer("any", parameters=parameters, architecture=architecture)

    assert spec.parameters == parameters
    assert not spec.shape_known
    assert parameters / 3 < multiplied_parameters(spec) < 1.6 * parameters


@pytest.mark.parametrize(
    ("parameters", "layers", "hidden"), [(6.7e9, 32, 4096), (13e9, 40, 5120), (69e9, 80, 8192), (175e9, 96, 12_288)]
)
def test_the_inferred_shape_is_near_that_of_published_models(parameters, layers, hidden):
    spec = inferred_transformer("any", parameters=parameters, architecture="decoder")

    assert spec.num_hidden_layers == pytest.approx(layers, rel=0.25)
    assert spec.hidden_size == pytest.approx(hidden, rel=0.25)


def test_given_details_are_kept_and_the_shape_counts_as_known():
    choice = ModelChoice(
        parameters=1.3e9,
        architecture="decoder",
        layers=24,
        hidden_size=2048,
        ffn_size=8192,
        heads=16,
        kv_heads=16,
        vocabulary=50_368,
    )
    spec = transformer_from_counts(choice, architecture="decoder")

    assert (spec.num_hidden_layers, spec.hidden_size, spec.head_dim, spec.shape_known) == (24, 2048, 128, True)
    assert not spec.gated_ffn  # two matrices explain the count, three do not
    assert block_parameters(spec) == 24 * 12 * 2048**2


def test_learned_positions_are_no_arithmetic():
    common = {
        "architecture": "decoder",
        "layers": 24,
        "hidden_size": 2048,
        "ffn_size": 8192,
        "heads": 16,
        "vocabulary": 50_368,
    }
    short, long = (inferred_transformer("mpt", parameters=count, **common) for count in (1.3139e9, 1.4460e9))

    assert multiplied_parameters(short) == multiplied_parameters(long)


def test_decoders_of_unknown_attention_are_taken_to_share_keys_and_values():
    large, bare = (inferred_transformer("any", parameters=count, architecture="decoder") for count in (70e9, 7e9))
    told = inferred_transformer("told", parameters=7e9, architecture="decoder", layers=32, hidden_size=4096)

    assert (large.num_key_value_heads, bare.num_key_value_heads) == (8, 8)
    assert told.attention_kind == "mha"


def test_a_block_run_again_is_multiplied_again():
    albert = ModelChoice(
        parameters=11.7e6,
        architecture="encoder",
        layers=12,
        hidden_size=768,
        ffn_size=3072,
        heads=12,
        vocabulary=30_000,
    )

    assert block_parameters(transformer_from_counts(albert, architecture="encoder")) == pytest.approx(85e6, rel=0.01)
