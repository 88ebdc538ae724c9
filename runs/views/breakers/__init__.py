"""Pages of breakers: what is left alone because it kept failing, and an admin who closes one early."""
