"""What the doors over HTTP share: sessions, pages or JSON, errors as answers, fair use, the published catalogue."""
