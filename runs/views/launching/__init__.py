"""Launching a flow by hand: its form, its price, and the same as a command."""
