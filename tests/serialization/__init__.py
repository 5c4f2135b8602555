"""How messages become bytes and are messages again."""
