"""Static files as browsers get them: few, small, compressed, and kept for good under an address of their content.

Sources stay as they are written: many small modules with comments, no build step. The first start on new sources makes
a *release* of them in the data folder (`release`), in which the modules of a page are one (`bundling`); WhiteNoise
serves it (`serving`).
"""
