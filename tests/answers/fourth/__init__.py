"""Answers to the quizzes of chapters 11 and 12, written without sight of the catalogue."""
