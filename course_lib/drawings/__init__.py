"""What the notebooks draw and nothing else uses: a module per chapter, named as the chapter.

show_...   draws a figure that the cell shows        draw_...   draws on an axis that is given
Other names are nouns and return pictures, uint8 arrays, for sliders and films.
"""
