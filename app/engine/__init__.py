"""The physics: what a piece of machine-learning work needs of a machine, as functions of plain numbers."""
