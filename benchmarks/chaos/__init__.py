"""Rounds of chaos: a study is run while things die, fill up and rot, and afterwards every number is looked at.

``python -m benchmarks.chaos --rounds 200 --seed 1``; a round depends on nothing but its seed, and failing ones say it.
"""
