"""The named coefficients of everything that is not a text transformer, from ``data/networks.toml``."""

from app.engine.coefficients import load

NETWORKS = load("networks.toml")
