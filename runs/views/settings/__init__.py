"""The settings of a project: who is in it, what opens it, what it keeps secret, and its own few values."""
