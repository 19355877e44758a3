"""Who hears, thinks and speaks: `provider/model` names what does.

A provider is a module of this package, and one line in `catalog.PROVIDERS`. The module says what is known of it
(`PROVIDER`), and makes what it offers with `new_stt`, `new_llm` and `new_tts`. `pipeline` chooses for one line.
"""
