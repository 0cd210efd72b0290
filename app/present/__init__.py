"""Facts become the contract's answers: units that people use, sentences from the wording."""
