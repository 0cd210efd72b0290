"""WhichRig: which hardware a piece of machine-learning work needs."""

__version__ = "0.1.0"
