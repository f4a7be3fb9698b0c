#!/bin/sh
# Renders the program into deploy/, which Flux applies.
set -eu
cd "$(dirname "$0")"
npx mcp-runtime synth program.ts --gitops deploy --path deploy --name library --flux
