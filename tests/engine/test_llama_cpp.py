import numpy as np

from app.engine.llama_cpp import expert_share_llama_cpp, row_split_s
from tests.engine.jobs import CPU, H100, RTX_4090, make_moe, make_spec, make_systems


def test_an_expert_of_few_tokens_is_multiplied_slowly_but_not_on_a_processor():
    shares = [
        expert_share_llama_cpp(make_moe(), systems=make_systems(H100, CPU), tokens=tokens) for tokens in (32, 512)
    ]

    assert shares[0][0] < shares[1][0] < 1
    assert shares[0][1] == 1


def test_rows_travel_to_every_card_that_shares_them_and_to_none_that_is_alone():
    alone, two, four = (
        row_split_s(
            make_spec(), systems=make_systems(RTX_4090, count=cards, tensor_parallel=cards), tokens=np.array([512.0])
        )[0]
        for cards in (1, 2, 4)
    )

    assert alone == 0
    assert four == 2 * two > 0
