"""State stores: one contract, kept in memory and in a file, on every host."""
