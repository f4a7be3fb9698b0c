import base from './jest.config.js';

/** Tests on a real API server; scripts/test-cluster.ts starts it, and says which of them run in a pass. */
export default {
  ...base,
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 300_000,
};
