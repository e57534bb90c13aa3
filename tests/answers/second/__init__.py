"""Answers that were written when the catalogue was done; it was not changed for them: what it does with new ones."""
