"""The report on a call: what was observed, its figures, the verdict, the printed conversation and the picture."""
