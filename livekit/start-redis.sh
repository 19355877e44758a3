#!/bin/sh
# Starts Redis. The configuration goes in by standard input: as arguments the password would show in `docker top`.
set -eu
exec redis-server - <<END
requirepass $(cat /run/secrets/redis_password)
appendonly yes
appendfsync everysec
loglevel warning
END
