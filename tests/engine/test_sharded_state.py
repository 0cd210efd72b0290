import numpy as np

from app.engine.estimate import physics_of
from app.engine.hardware import Devices, systems_of
from app.engine.parallelism import default_plan
from app.engine.plans import plan_of
from tests.engine.jobs import RTX_4090, make_accelerator, make_job
from tests.engine.network_jobs import FLUX, SD15


def planned(job, device, *, count):
    devices, counts = Devices((device,)), np.array([float(count)])
    nodes = np.ceil(counts / 8)
    return systems_of(devices, count=counts, nodes=nodes, plan=default_plan(job, devices, count=counts, nodes=nodes))


def test_a_picture_model_whose_replica_does_not_fit_is_sharded():
    job = make_job(FLUX, task="train", domain="image_generation", precision="bf16", batch_size=1)
    card = make_accelerator()

    systems = planned(job, card, count=8)
    replicas = systems_of(systems.devices, count=systems.count, plan=plan_of(systems.count))
    alone, shared = (physics_of(job, each) for each in (replicas, systems))

    assert systems.plan.zero_stage[0] == 3
    assert shared.footprint.total_bytes[0] < alone.footprint.total_bytes[0]
    assert shared.pace.step_s[0] >= alone.pace.step_s[0]
    assert any("÷ 8 devices" in part.words(0) for part in shared.footprint.parts)


def test_a_picture_model_that_fits_stays_replicated():
    job = make_job(SD15, task="finetune", method="lora", domain="image_generation", precision="bf16", batch_size=1)

    assert planned(job, RTX_4090, count=2).plan.zero_stage[0] == 0
