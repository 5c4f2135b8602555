"""The hosts, through the door."""
