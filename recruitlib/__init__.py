"""recruitlib: address labels for a recruitment request, without harming a single resident."""

__version__ = "0.1.0"
