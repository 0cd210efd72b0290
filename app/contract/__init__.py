"""The contract as objects: what every door is asked and answers, how text becomes either, and what its names mean."""
