// The CRDs, the classes made from them and the operator's rules are in the repository for people who only read it; they
// have to be what the schemas and the permissions say.
import { describe, expect, it } from '@jest/globals';
import { committedFiles, crdFiles, generatedFiles, staleFiles } from '#scripts/generated-files.ts';

describe('generated files', () => {
  const crds = crdFiles();

  it('are one CRD for each kind, the same bytes every time', () => {
    expect([...crds.keys()]).toEqual([
      'crds/mcpservers.yaml',
      'crds/mcpaccessgrants.yaml',
      'crds/mcpagentsessions.yaml',
    ]);
    expect(staleFiles(crds, crdFiles())).toEqual([]);
  });

  it('are in the repository as they would be generated now (else: npm run generate)', async () => {
    const expected = await generatedFiles();
    expect([...expected.keys()]).toEqual(
      expect.arrayContaining(['imports/mcpruntime.org.ts', 'src/constructs/control-plane/operator-rules.ts']),
    );
    expect(staleFiles(expected, await committedFiles())).toEqual([]);
  }, 120_000);

  it('count as stale when they differ, are missing or should not be there', () => {
    const expected = new Map([
      ['same', '1'],
      ['other', '1'],
      ['missing', '1'],
    ]);
    const actual = new Map([
      ['same', '1'],
      ['other', '2'],
      ['left-over', '1'],
    ]);
    expect(staleFiles(expected, actual)).toEqual(['left-over', 'missing', 'other']);
  });
});
