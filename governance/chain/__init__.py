"""The audit log as a chain: entries sealed by hash one after the other, and a keyed head outside the database.

Design note. Rows commit unsealed, so that writers never queue on the end of the chain; a sealer gives them their places
within a second. Every project has a chain of its own (acts outside projects have one too): `seq` is then 1, 2, 3 … for
those who read it, and an exported project can be checked without the others. The chain alone shows a changed, missing
or moved entry; that the last ones were cut off, or all of it was computed anew, shows the head: a file in the data
folder, keyed by the installation's secret key.
Rejected: hashing in the transaction of the act (all writers of a project would wait for each other).
"""
