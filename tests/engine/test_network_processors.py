"""Photos on processors: servers hold more than their base clock, boards less than their peak."""

from dataclasses import replace

from app.engine import networks
from app.engine.network_math import sustained_share
from app.engine.network_memory import training_share
from app.engine.network_speed import launch_times_s
from app.engine.network_work import network_work
from tests.engine.jobs import CPU, make_systems
from tests.engine.network_jobs import RESNET50, V100, XEON, network_job

BOARD = replace(
    CPU, slug="board", segment="edge", compute_units=4.0, memory_bandwidth_bytes_per_s=17.1e9,
    peak=replace(CPU.peak, fp32=0.154e12),
)  # fmt: skip
DESK = replace(BOARD, slug="desk", segment="desktop")
ONE_PICTURE = {"task": "inference", "precision": "fp32", "batch_size": 1, "framework": "onnxruntime"}


def test_servers_hold_more_than_the_clock_their_peak_is_given_at_and_boards_less():
    server, desk, board = sustained_share(make_systems(XEON, CPU, BOARD).devices)

    assert board < desk == 1 < server


def test_no_card_is_given_the_clock_of_a_server():
    assert sustained_share(make_systems(V100).devices).tolist() == [1]


def test_calls_take_longer_on_the_cores_of_a_board():
    job = network_job(RESNET50, **ONE_PICTURE)
    systems = make_systems(DESK, BOARD)
    host_s, floor_s = launch_times_s(job, systems, work=network_work(job, RESNET50), share=training_share(job))

    assert host_s[1] > host_s[0]
    assert floor_s[1] > floor_s[0]


def test_a_step_of_one_picture_is_slower_on_a_board_than_on_a_desktop_of_its_peak():
    pace = networks.physics(network_job(RESNET50, **ONE_PICTURE), make_systems(DESK, BOARD)).pace

    assert pace.step_s[1] > 1.3 * pace.step_s[0]
