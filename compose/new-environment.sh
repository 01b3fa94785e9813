#!/bin/sh
# Write compose/.env: what compose.yaml requires and nobody should invent. Run once, before `up`.
#
# The API key is printed here and stored nowhere: the service keeps only its SHA-256.
set -eu
umask 077

target="${1:-$(dirname "$0")/.env}"
if [ -e "$target" ]; then
    echo "$target exists: remove it first (and the volumes: the database keeps its old password)" >&2
    exit 1
fi

secret() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

key=$(secret)
digest=$(printf %s "$key" | sha256sum | cut -d ' ' -f 1)
cat >"$target" <<END
SIGHTLINE_POSTGRES_PASSWORD=$(secret)
SIGHTLINE_DATABASE_PASSWORD=$(secret)
SIGHTLINE_GRAFANA_PASSWORD=$(secret)
SIGHTLINE_PSEUDONYM_KEY=$(secret)
SIGHTLINE_API_KEYS='{"local": "$digest"}'
END
echo "wrote $target"
echo "API key: $key"
