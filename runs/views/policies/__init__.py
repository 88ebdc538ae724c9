"""The pages of policies: their list, the page of one, and the simulator."""
