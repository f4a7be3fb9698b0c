import base from './jest.config.js';

/** Tests on a real node; scripts/test-e2e.ts brings it up. One file after the other, because there is one node. */
export default {
  ...base,
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 300_000,
  maxWorkers: 1,
  testSequencer: '<rootDir>/test/e2e/sequencer.js',
};
