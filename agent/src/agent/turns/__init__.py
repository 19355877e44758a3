"""What makes a conversation feel like one: hearing, thinking and speaking begin before the caller's turn has ended.

In the order in which a turn meets them: `own_voice` leaves out who is not the caller, `early_transcript` writes down
what was said while the caller may still go on, `end_of_turn` judges by `last_words` and `melody` whether they will,
`first_words` lets the reply be spoken before it is written to its end.
"""
