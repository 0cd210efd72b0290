"""Numbers of the pages on memory: of training, of serving, and of several cards."""

from app import formatting
from app.catalogue.snapshot import Snapshot
from app.contract.answer import EstimateAnswer
from app.engine.kv_cache import growth_per_token_bytes, sequence_cache_bytes
from app.engine.memory import stored_weight_bytes, training_bytes, zero_bytes_per_parameter
from app.engine.model_spec import TransformerSpec
from app.engine.units import GB, GIB, KIB
from app.languages import say, say_count
from app.learn.estimating import estimated
from app.learn.lesson import Bar, Table, Worked
from app.worded import worded

MODEL = "llama-3.1-8b"
ROOMY = "b200"
"""A device on which every way of training this model fits, so that all can be compared."""
TEXT_TOKENS = 2048
WAYS = (
    (worded("Train everything, mixed precision"), {"method": "full", "precision": "amp", "optimizer": "adamw"}),
    (worded("Train everything in 16 bits"), {"method": "full", "precision": "bf16", "optimizer": "adamw"}),
    (worded("Same, optimizer in 8 bits"), {"method": "full", "precision": "bf16", "optimizer": "adamw8bit"}),
    (worded("LoRA: small adapters only"), {"method": "lora"}),
    (worded("QLoRA: base held in 4 bits"), {"method": "qlora"}),
)
PARTS = ("weights", "gradients", "optimizer")
CONTEXTS = (2_048, 8_192, 32_768, 131_072)
FORMATS = ((worded("16 bits"), "bf16"), (worded("8 bits"), "int8"), (worded("4 bits"), "int4"))
CACHE_BYTES = 2.0
"""The cache is usually kept in 16 bits."""
STAGES = (
    (worded("Plain copies (DDP)"), 0),
    (worded("ZeRO 1: optimizer shared out"), 1),
    (worded("ZeRO 2: gradients too"), 2),
    (worded("ZeRO 3 or FSDP: weights too"), 3),
)
CARDS = 4
BILLION = 1e9
"""Parameters of the model on the page about several cards: a round number, so that a person can check the sums."""


def transformer(catalogue: Snapshot, slug: str = MODEL) -> TransformerSpec:
    """A language model of the catalogue."""
    spec = catalogue.models[slug]
    if not isinstance(spec, TransformerSpec):
        raise TypeError(slug)
    return spec


def memory_of_training(catalogue: Snapshot) -> Worked:
    """One model, five ways of training it."""
    spec = transformer(catalogue)
    job = {"task": "finetune", "domain": "text", "model": {"name": MODEL}, "batch_size": 1}
    job |= {"sequence_length": TEXT_TOKENS}
    found = [(say(name), estimated(catalogue, job | way, device=ROOMY)) for name, way in WAYS]
    split = [(name, _split(answer)) for name, answer in found]
    sums = [sum(parts) for _, parts in split]
    recipe = training_bytes(precision="amp", optimizer="adamw", master_weights=False)
    return Worked(
        numbers={
            "model": spec.name,
            "parameters": formatting.large(spec.parameters),
            "tokens": formatting.exact(TEXT_TOKENS),
            "recipe": formatting.exact(recipe.total),
            "recipe_weights": formatting.exact(recipe.weights),
            "recipe_gradients": formatting.exact(recipe.gradients),
            "recipe_optimizer": formatting.exact(recipe.optimizer),
            "state": formatting.gib(recipe.total * spec.parameters / GIB),
            "full": formatting.gib(sums[0]),
            "half": formatting.gib(sums[1]),
            "lora": formatting.gib(sums[-2]),
            "qlora": formatting.gib(sums[-1]),
            "ratio": formatting.number(sums[0] / sums[-1]),
        },
        bars=tuple(Bar(name, parts, formatting.gib(whole)) for (name, parts), whole in zip(split, sums, strict=True)),
        legend=(say("Weights"), say("Gradients"), say("Optimizer"), say("Everything else")),
        table=Table(
            (
                say("Way of training"),
                say("Weights"),
                say("Gradients"),
                say("Optimizer"),
                say("Everything else"),
                say("Together"),
            ),
            tuple(
                (name, *(formatting.gib(part) if part else say("none") for part in parts), formatting.gib(whole))
                for (name, parts), whole in zip(split, sums, strict=True)
            ),
        ),
    )


def _split(answer: EstimateAnswer) -> tuple[float, ...]:
    """Weights, gradients, optimizer and the rest. [GiB]"""
    parts = answer.memory_gib_per_device.breakdown if answer.memory_gib_per_device else []
    named = [sum(each.gib for each in parts if each.part == part) for part in PARTS]
    return (*named, sum(each.gib for each in parts) - sum(named))


def memory_of_serving(catalogue: Snapshot) -> Worked:
    """Weights in three formats, and the cache of four lengths of text."""
    spec = transformer(catalogue)
    growth = growth_per_token_bytes(spec, bytes_per_element=CACHE_BYTES)
    caches = [sequence_cache_bytes(spec, context, bytes_per_element=CACHE_BYTES) / GIB for context in CONTEXTS]
    weights: dict[str, float] = {name: stored_weight_bytes(spec, precision) / GIB for name, precision in FORMATS}
    shown = [("16 bits", context, cache) for context, cache in zip(CONTEXTS, caches, strict=True)]
    shown += [("4 bits", context, cache) for context, cache in zip(CONTEXTS, caches, strict=True)]
    return Worked(
        numbers={
            "model": spec.name,
            "weights_16": formatting.gib(weights["16 bits"]),
            "weights_8": formatting.gib(weights["8 bits"]),
            "weights_4": formatting.gib(weights["4 bits"]),
            "growth": formatting.exact(growth / KIB),
            "heads": formatting.exact(spec.num_attention_heads),
            "kv_heads": formatting.exact(spec.num_key_value_heads),
            "saved": formatting.exact(spec.num_attention_heads / spec.num_key_value_heads),
            "short": formatting.exact(CONTEXTS[0]),
            "short_cache": formatting.gib(caches[0]),
            "long": formatting.exact(CONTEXTS[-1]),
            "long_cache": formatting.gib(caches[-1]),
            "ten_users": formatting.gib(10 * caches[1]),
            "usual": formatting.exact(CONTEXTS[1]),
        },
        bars=tuple(
            Bar(
                say("{bits}, {count} tokens", bits=say(name), count=formatting.exact(context)),
                (weights[name], cache),
                formatting.gib(weights[name] + cache),
            )
            for name, context, cache in shown
        ),
        legend=(say("Weights"), say("Cache of one conversation")),
        table=Table(
            (say("Weights stored in"), say("Length of the text"), say("Weights"), say("Cache"), say("Together")),
            tuple(
                (
                    say(name),
                    say("{count} tokens", count=formatting.exact(context)),
                    formatting.gib(weights[name]),
                    formatting.gib(cache),
                    formatting.gib(weights[name] + cache),
                )
                for name, context, cache in shown
            ),
        ),
    )


def cards_do_not_add_up(catalogue: Snapshot) -> Worked:
    """What each of four cards holds when a model of a billion parameters is trained."""
    recipe = training_bytes(precision="bf16", optimizer="adamw", master_weights=True)

    def held_gb(stage: int, cards: int) -> float:
        per_parameter = zero_bytes_per_parameter(
            weights=recipe.weights,
            gradients=recipe.gradients,
            optimizer=recipe.optimizer,
            stage=stage,
            devices=cards,
        )
        return per_parameter * BILLION / GB

    counts = (1, 2, CARDS, 2 * CARDS)
    small = catalogue.accelerators["geforce-rtx-4060"]
    return Worked(
        numbers={
            "cards": str(CARDS),
            "per_parameter": formatting.exact(recipe.total),
            "plain": formatting.number(held_gb(0, CARDS), figures=3),
            "shared": formatting.number(held_gb(3, CARDS), figures=3),
            "first": formatting.number(held_gb(1, CARDS), figures=3),
            "small": small.name,
            "small_memory": formatting.nominal_gib(small.memory_bytes / GIB),
        },
        bars=tuple(
            Bar(
                say(name),
                (held_gb(stage, CARDS),),
                say("{size} GB on each", size=formatting.number(held_gb(stage, CARDS), figures=3)),
            )
            for name, stage in STAGES
        ),
        table=Table(
            (say("Way of sharing"), *(say_count("{count} card", "{count} cards", of=n, count=n) for n in counts)),
            tuple(
                (say(name), *(f"{formatting.number(held_gb(stage, count), figures=3)} GB" for count in counts))
                for name, stage in STAGES
            ),
        ),
    )
