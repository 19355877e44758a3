"""How a written text is read aloud: without its markup, and with its numbers and abbreviations in words.

`markup` removes what nobody would say. `reader` turns the rest into words, in one language and in the way of one
country; `stream` does so while the text is still being written. The rules for numbers are in `amounts`, `codes`,
`dates`, `telephone` and `web`, those for abbreviations and signs in `abbreviations`. What differs between languages
is in `languages/<language>/aloud.toml`, which `reading` reads.
"""
