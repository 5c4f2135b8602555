"""The door to Redis. A folder that is called redis would hide the package redis."""
