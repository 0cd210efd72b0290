"""The class of work: efficiencies and intervals are kept by it, and accuracy is reported by it."""

from app.engine.model_spec import AlgorithmSpec, DiffusionSpec, ModelSpec, NetworkSpec, TransformerSpec

TRAINING_TASKS = frozenset({"train", "finetune", "pretrain", "learn"})

_DOMAIN_CLASSES = {
    "rl": ("rl", "rl"),
    "recommendation": ("recsys", "recsys_infer"),
    "graph": ("graph", "graph"),
    "timeseries": ("timeseries", "timeseries"),
    "tabular": ("tabular_nn", "tabular_nn"),
    "science": ("science", "science"),
    "audio": ("audio_train", "audio"),
    "medical_3d": ("medical_3d", "medical_3d_infer"),
    "segmentation": ("segmentation_train", "segmentation_infer"),
    "detection": ("detection_train", "detection_infer"),
}
_ARCHITECTURE_CLASSES = {
    "gan": ("gan", "gan_infer"),
    "recommender": ("recsys", "recsys_infer"),
    "gnn": ("graph", "graph"),
    "detector": ("detection_train", "detection_infer"),
    "segmenter": ("segmentation_train", "segmentation_infer"),
}


def work_class(task: str, domain: str, *, model: ModelSpec, method: str) -> str:
    """Name of the class, such as ``vision_train`` or ``llm_lora``.

    >>> from app.engine.model_spec import NetworkSpec
    >>> resnet = NetworkSpec("resnet50", "cnn", "resnet", 25_557_032, 4.11e9, 11.11e6, (224, 224))
    >>> work_class("train", "vision", model=resnet, method="full")
    'vision_train'
    """
    training = task in TRAINING_TASKS
    if isinstance(model, AlgorithmSpec):
        return "tabular"
    if isinstance(model, DiffusionSpec):
        video = domain == "video_generation" or "video" in model.modality
        return ("video_train" if training else "video") if video else ("diffusion_train" if training else "diffusion")
    if isinstance(model, TransformerSpec):
        return _transformer_class(task, domain, model=model, method=method)
    return _network_class(domain, model=model, training=training)


def _transformer_class(task: str, domain: str, *, model: TransformerSpec, method: str) -> str:
    training = task in TRAINING_TASKS
    if domain == "audio":
        return "audio_train" if training else "audio"
    if model.architecture == "encoder":
        return "nlp_encoder_train" if training else "nlp_encoder_infer"
    if model.architecture == "encoder_decoder":
        return "seq2seq_train" if training else "seq2seq_infer"
    if not training:
        return "llm_serving"
    if task == "pretrain":
        return "llm_pretrain"
    return {"lora": "llm_lora", "qlora": "llm_qlora"}.get(method, "llm_finetune_full")


def _network_class(domain: str, *, model: NetworkSpec, training: bool) -> str:
    pair = (
        _ARCHITECTURE_CLASSES.get(model.architecture) or _DOMAIN_CLASSES.get(domain) or ("vision_train", "vision_infer")
    )
    if domain == "medical_3d":
        pair = _DOMAIN_CLASSES["medical_3d"]
    return pair[0] if training else pair[1]
