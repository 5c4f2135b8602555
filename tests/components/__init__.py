"""Components: writing them down, and making them again."""
