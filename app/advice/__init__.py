"""From what the work needs to what a person should do: rules, candidates, prices and reasons."""
