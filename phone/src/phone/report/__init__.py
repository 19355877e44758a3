"""What is told of a call: observed, measured, judged, printed and drawn."""
