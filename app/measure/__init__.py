"""Standard workloads run on one's own machine, beside what the engine predicts for them."""
