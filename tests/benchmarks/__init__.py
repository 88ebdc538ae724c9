"""Measurements of the real engine against the durable floor of the same machine; no tests. See `__main__.py`."""
