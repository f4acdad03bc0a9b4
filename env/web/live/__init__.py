"""The live web: search services and the fetcher, joined into a Web."""
