"""Answers that were written without sight of the catalogue, and measured before anything was changed for them.

Afterwards hints that turned out false or misleading on them were reworded, and two faults of the engine mended.
"""
