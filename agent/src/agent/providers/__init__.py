"""Who hears, thinks and speaks: each model is named `provider/model`.

A provider is a module of this package, and an entry in `catalog.PROVIDERS`. The module says what is known about the
provider (`PROVIDER`), and makes its models with `new_stt`, `new_llm` and `new_tts`. `pipeline` chooses for one line.
"""
