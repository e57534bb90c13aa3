"""Answers that were known while the catalogue was written: it was mended until it told them apart."""
