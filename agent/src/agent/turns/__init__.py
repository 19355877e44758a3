"""Turn-taking: hearing, thinking and speaking begin before the caller's turn has ended.

A turn passes through the modules in this order. `speaker_gate` leaves out voices other than the caller's. `eager_stt`
transcribes what was said while the caller may still go on. `end_of_turn` judges by `lexical_cue` and `prosody` whether
they will. `tts_chunks` has the first words of the reply synthesized before the model has written the rest.
"""
