"""Flows as a list, the gallery of starters, and the ways to make, archive and restore one."""
