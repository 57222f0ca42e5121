"""The first study, run from a terminal with its progress shown."""

from pathlib import Path

import explorekit as ek
import numpy as np
from neuron import fi_curve

STUDIES = Path(__file__).parent / "studies"


def main() -> None:
    space = ek.Space(
        I=ek.param(np.linspace(0.0, 1.01, 50), units="1/ms", long_name="input current"),
        tau_ref=ek.param([5.0, 7.5, 10.0], units="ms", long_name="refractory period"),
    )
    study = ek.Study(fi_curve, space, STUDIES / "demo", seed=1)
    print(f"Running {len(space)} points on a local cluster")
    study.run()
    print(study)
    print(study.results)


if __name__ == "__main__":
    main()
