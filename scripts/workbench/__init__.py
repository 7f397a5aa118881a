"""What ``scripts/test`` and ``scripts/try`` share; standard library only, as nothing is installed yet."""
