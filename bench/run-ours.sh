#!/bin/sh
# run-ours.sh [n=5000] [concurrency=32]: one run of Carillon, one JSON line as the peers print it.
# ALSO=../run-ours.sh ./bench.sh (in peers/) runs it in turn with them. Needs peers/setup.sh, for the generator.
exec node "$(dirname "$0")/../scripts/bootstrap.mjs" bench/ours.ts "$@"
