"""Administration: accounts, the draft, publishing, the audit trail; as pages and as an API."""
