"""The diffusion course's companion library: reference solutions, data, checks and drawing.

One module per chapter, in the course's order; import what you need from the module that teaches it, for example
`from course_lib.forward import q_sample`.
"""

from course_lib.pictures import backend

backend.show_figures()

__version__ = "0.2.0"
