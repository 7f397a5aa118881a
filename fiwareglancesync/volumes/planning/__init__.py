"""Pure: what is due, which type, what expires, how well a volume is protected."""
