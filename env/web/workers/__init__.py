"""Converting documents in processes of their own, so that all cores work and none can do harm.

A worker is `python -m env.web.workers` on two pipes: nothing of the calling program is imported
there. `batches` serves the index, `env.web.conversion` the live web.
"""
