"""The questions as data, which of them apply, and how answers become a workload. Pure."""
