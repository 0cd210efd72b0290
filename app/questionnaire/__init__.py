"""The guided questions: what is asked, in which order, what the answers mean. No web, no database."""
