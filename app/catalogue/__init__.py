"""The catalogue: tables in, value objects out; one snapshot per revision, held in memory."""
