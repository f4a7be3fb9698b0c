#!/usr/bin/env node
// The `mcp-runtime` command inside a clone: TypeScript is run as it is, so there is nothing to build first.
import { register } from 'tsx/esm/api';

register();
await import('./main.ts');
