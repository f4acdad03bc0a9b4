"""The pages that people see, and what is posted from them."""
