"""Labels that are laid out once and then stamped look as when matplotlib draws them each time."""

import io

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from explorekit.explorer.drawing.stamps import Stamps


@pytest.mark.parametrize("dpi", [72, 100, 141])
def test_stamped_labels_look_like_labels(dpi):
    pictures = []
    for stamped in (False, True):
        figure = Figure(figsize=(3, 2), dpi=dpi)
        canvas = FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        axes.plot([0, 1, 0.3], [0, 1, 0.9], lw=8, zorder=2)
        paper = {"facecolor": "white", "alpha": 0.6, "lw": 0, "pad": 0.6}
        texts = [
            axes.annotate(name, where, bbox=paper, annotation_clip=False, zorder=4)
            for name, where in (
                ("one", (0.5, 0.5)),
                ("two", (0.53, 0.55)),
                ("$\\alpha$", (0.2, 0.9)),
                ("beyond", (1.0, 1.05)),
            )
        ]
        if stamped:
            axes.add_artist(Stamps(texts)).set_zorder(4)
        canvas.draw()
        pictures.append(np.asarray(canvas.buffer_rgba()).astype(int))
        saved = io.BytesIO()
        figure.savefig(saved, format="png", dpi=dpi)
        pictures.append(np.asarray(Image.open(saved)).astype(int))
    plain, plain_saved, stamps, stamps_saved = pictures
    assert np.abs(plain - stamps).max() <= 2
    assert (plain_saved == stamps_saved).all()
