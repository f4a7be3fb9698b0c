// `mcp-runtime explain`: every step of a decision, from the policy that is in force now. It makes no call, and it
// tells what a caller would not be told; it is for whoever runs the platform.
import type { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import { parsePolicy, type PolicyDocument } from '#policy/document.ts';
import { explain as explainDecision } from '#policy/explain.ts';
import { indexPolicy } from '#policy/policy-index.ts';
import { TroubleError } from '#runtime/local/trouble.ts';
import { withIdentity, withStateDir, type IdentityOptions } from '../caller-options.ts';
import { connect, findServer, type StateDirOption } from '../connection.ts';
import { EXIT, columns, print, printJson, type Exit } from '../output.ts';

interface ExplainOptions extends IdentityOptions, StateDirOption {
  readonly args?: string | undefined;
  readonly json?: true | undefined;
}

export function addExplain(program: Command, end: (exit: Exit) => void): void {
  withStateDir(
    withIdentity(
      program
        .command('explain')
        .summary('say why a call would be allowed or denied')
        .description('Says step by step how policy decides a call, without making it.')
        .argument('<server>', 'name of the server, or <namespace>/<name>')
        .argument('<tool>', 'name of the tool')
        .option('--args <json>', 'arguments, where a condition reads them'),
    ),
  )
    .option('--json', 'print JSON instead of text')
    .addHelpText(
      'after',
      `
Ends with 0 where the call would pass, 1 where it would be denied.

Examples:
  $ mcp-runtime explain notes delete_note --human user-1 --agent agent-1 --session demo`,
    )
    .action(async (server: string, tool: string, options: ExplainOptions) => {
      end(await explain(server, tool, options));
    });
}

async function policyAt(file: string): Promise<PolicyDocument> {
  const read = parsePolicy(await readFile(file, 'utf8'));
  if (read.ok) return read.value;
  throw new TroubleError({
    code: 'policy_invalid',
    what: 'The policy file cannot be read.',
    where: file,
    evidence: read.error.map(({ path, message }) => `${path}: ${message}`),
    remedy: 'Save the program: the file is written again.',
  });
}

async function explain(name: string, tool: string, options: ExplainOptions): Promise<Exit> {
  const server = findServer(await connect(options).status(), name);
  const document = await policyAt(server.policy.file);
  const { human, agent, team, session, args } = options;
  const isNobody = human === undefined && agent === undefined && team === undefined;
  const { decision, steps } = explainDecision(
    indexPolicy(document),
    {
      principal: {
        assurance: isNobody ? 'anonymous' : 'asserted',
        human,
        agent,
        teams: team === undefined ? [] : [team],
      },
      method: 'tools/call',
      tool,
      session,
      readArguments: (): unknown => JSON.parse(args ?? '{}'),
    },
    Date.now(),
  );
  if (options.json === true) printJson({ revision: document.revision, decision, steps });
  else {
    const mark = { pass: '✓', fail: '✗', note: '·' } as const;
    for (const line of columns(steps.map((step) => [mark[step.outcome], step.step, step.detail])))
      print(line);
    print(`policy ${document.revision}`);
  }
  return decision.outcome === 'deny' ? EXIT.denied : EXIT.ok;
}
