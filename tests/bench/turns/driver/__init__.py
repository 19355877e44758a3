"""What runs inside the phone's container: it holds the calls it is told to hold, and tells what was heard."""
