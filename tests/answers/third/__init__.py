"""Answers to the quizzes that came with version 0.2's lessons, written without sight of the catalogue."""
