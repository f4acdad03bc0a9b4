"""Campaigns: what they are made from, and what people are told to do in them."""
