"""Learn pages: one idea each, in words that stand as data and numbers that the engine computes."""
