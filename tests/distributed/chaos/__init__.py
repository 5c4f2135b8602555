"""What happens when connections, servers and processes fail: on real ones."""
