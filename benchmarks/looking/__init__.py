"""Looking: how soon a slider's move is seen, in JupyterLab in Chromium, with explorekit and with other tools.

All of them run in one environment, that of the JupyterLab that shows them, and show slices of the same results: 40 × 50
runs that returned an image of 256 × 256 float32 and a line of 1 000. explorekit reads a study; the others are given the
numbers in memory.
"""
