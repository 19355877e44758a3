#!/bin/sh
# Starts Redis. The configuration comes from standard input: in arguments, the password would show in `docker top`.
set -eu
exec redis-server - <<END
requirepass $(cat /run/secrets/redis_password)
appendonly yes
appendfsync everysec
loglevel warning
END
