"""What an operator sees of a running service: request ids, metrics, logs and, where it is asked for, traces."""
