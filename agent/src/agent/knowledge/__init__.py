"""What a line knows, and how a small language model is held to it.

`facts` has the rows of the owner's files, and finds those that a question is about. `claims` says which of them support
a sentence. `check` lets an answer through sentence by sentence, while it is being written, and puts a fact or "I do not
know" in place of what nothing supports. `terms` reduces texts to the words that state something. What differs between
languages is in `languages/<language>/knowledge.toml`.
"""
