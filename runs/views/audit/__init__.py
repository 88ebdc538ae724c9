"""The audit log: who did what, when and from where, what changed, and whether the chain holds."""
