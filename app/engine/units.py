"""Definitions of the units that datasheets and people use; the engine itself computes in bytes, seconds and FLOPs."""

KB = 1e3
MB = 1e6
GB = 1e9
TB = 1e12
KIB = 2.0**10
MIB = 2.0**20
GIB = 2.0**30
TERA = 1e12
GIGA = 1e9
MILLION = 1e6
BITS_PER_BYTE = 8.0
HALF_BYTES = 2.0
FULL_BYTES = 4.0
"""Of an element in 16 and in 32 bits. [bytes]"""
MILLISECOND = 1e-3
SECONDS_PER_HOUR = 3600.0
HOURS_PER_DAY = 24.0
HOURS_PER_MONTH = 730.0
WATTS_PER_KILOWATT = 1e3
FLOPS_PER_MAC = 2.0
"""One multiply-add counts as two floating-point operations."""
COLOURS = 3
"""Numbers of a pixel: red, green and blue."""
