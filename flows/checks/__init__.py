"""The checks of a flow, one file a concern; `flows.check` runs them."""
