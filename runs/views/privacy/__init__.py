"""The pages of privacy rules: their list, the page of one set, and the box to try a text in."""
