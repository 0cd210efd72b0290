"""The contract as objects: what every door is asked, what it answers, and how text becomes one of them."""
