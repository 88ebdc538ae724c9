"""The pages of budgets: how far each is, the page of one, and what was spent on what."""
