"""The bundled sample: a miniature Hub of real model ids, recorded facts and cards written for this project.

Holds data only: `models.jsonl` (listing rows and what changed on later nights), `documents.jsonl` (cards and a few
licence files) and `README.md` (source and date of every kind of fact). `openness replay sample` serves it,
`openness nightly --hub sample` crawls it. Contains no code, no sentence of anybody else's card, and makes no request.
"""
