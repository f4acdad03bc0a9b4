"""The version of the code, recorded with everything it makes."""

VERSION = "0.1.0"
