"""Grading a whole class: the students' code and the verdict never share a process."""
