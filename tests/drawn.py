"""What a drawing has drawn."""

from matplotlib import pyplot as plt


def axes():
    """Those of the one figure that was drawn, which has a text alternative."""
    (number,) = plt.get_fignums()
    figure = plt.figure(number)
    assert len(figure.alternative) > 40
    return figure.axes
