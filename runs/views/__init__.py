"""Pages and the addresses at the root that are no API."""
