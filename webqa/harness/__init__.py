"""Into other harnesses: what was run here in the forms that ALCE and inspect_ai read.

`alce` and `precomputed` write files and need nothing; `inspect_tasks` is what inspect_ai loads, and
the only one, with `inspect_model`, that imports it. Nothing is imported here.
"""
