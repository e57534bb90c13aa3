"""What several quizzes of chapter 06 use."""


def at(values, t, x):
    return values[t].reshape(-1, *[1] * (x.ndim - 1))
