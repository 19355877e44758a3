"""The file that `make backup` writes: `.env`, the lines, and the data volume, with a checksum of each file.

`bootstrap/host/backup.sh` and `restore.sh` run this package in containers of the agent's image. Two users take turns:
the operator, to whom `.env` and the lines belong, and the agent's own, to whom the data volume belongs. Files go from
one to the other as an archive on standard input or output.
"""
