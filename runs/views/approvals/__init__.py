"""The inbox: what waits for people, one item in full, and what people say to it."""
