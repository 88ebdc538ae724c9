"""Queries on a SQLite file, answered in a process of their own that is given nothing else.

Design note. A query that a model wrote may ask for days of work and more memory than there is, and SQLite can bound
neither from inside: its sorter and its temporary tables know no limit, and a single LIKE cannot be interrupted. A
process can be bounded and ended, so each query gets one (about 30 ms). It imports the standard library alone, sees no
setting, no key and no network peer of Baton, and talks JSON over its standard input and output.
"""
