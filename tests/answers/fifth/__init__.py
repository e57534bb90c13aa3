"""Answers to the quizzes of chapters 13 and 14, written without sight of the catalogue."""
