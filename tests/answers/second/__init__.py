"""Answers that were written when the catalogue was done, and that it was not changed for: what it does with new ones."""
