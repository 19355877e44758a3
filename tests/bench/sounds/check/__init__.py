"""Whether the sounds say what they are to say, by the phone's own ears."""
