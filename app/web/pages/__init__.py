"""Page contracts: what each template sees, as one frozen object, every text ready to be shown."""
