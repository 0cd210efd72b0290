"""How well estimates agree with published measurements: pure scoring, and the report that is shipped."""
