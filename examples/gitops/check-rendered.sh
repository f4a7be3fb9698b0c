#!/bin/sh
# Fails where deploy/ is not what the program renders: somebody forgot ./render.sh, or changed a file by hand.
set -eu
cd "$(dirname "$0")"
./render.sh
changes=$(git status --porcelain --untracked-files=all -- deploy)
if [ -n "$changes" ]; then
  echo "deploy/ is not what program.ts renders; run ./render.sh and commit what it writes:" >&2
  echo "$changes" >&2
  git --no-pager diff -- deploy >&2
  exit 1
fi
