"""Answers to the quizzes of chapters 15 to 17, written without sight of the catalogue."""
