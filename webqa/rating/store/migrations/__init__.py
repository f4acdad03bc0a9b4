"""The history of the tables: one step for each version, carried out by Alembic.

A step is a file `versions/vNNNN_what.py` written by hand; a test tells where the steps together
and the models in `tables` differ. What has been released is never changed.
"""
