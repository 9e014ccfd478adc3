"""Name tables of the invented ward, and the script that made them."""
