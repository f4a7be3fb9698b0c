// The picture of what runs, for the console. Nothing is authorised from it.
import type { Inventory, InventoryServer, InventorySubject } from '#api/inventory.ts';
import type { McpServer } from '#api/mcp-server.ts';
import { objectKey, type ObjectRef } from '#api/principal.ts';
import { isSameRef, refOf, serverOf, type Model } from './model.ts';
import type { ServerStatus, SessionStatus } from './platform-status.ts';
import { writeJson } from './state-dir.ts';

interface Subject {
  readonly humanID?: string | undefined;
  readonly agentID?: string | undefined;
  readonly teamID?: string | undefined;
}

function subjectOf(subject: Subject | undefined): InventorySubject {
  const { humanID: humanId, agentID: agentId, teamID: teamId } = subject ?? {};
  return {
    ...(humanId !== undefined && { humanId }),
    ...(agentId !== undefined && { agentId }),
    ...(teamId !== undefined && { teamId }),
  };
}

/** `name` in the object's own namespace, else `namespace/name`. */
function serverName(object: ObjectRef, server: ObjectRef): string {
  return object.namespace === server.namespace ? server.name : objectKey(server);
}

function serverOfInventory(server: McpServer, status: ServerStatus | undefined): InventoryServer {
  const failed = status?.server.trouble ?? status?.proxy.trouble;
  const message = failed?.what ?? status?.policy.error;
  return {
    ...refOf(server),
    state: status?.state ?? 'stopped',
    ...(status !== undefined && { url: status.url }),
    ...(message !== undefined && { message }),
    ...(server.spec.description !== undefined && { description: server.spec.description }),
    ...(status?.policy.enforced !== undefined && { policyRevision: status.policy.enforced }),
    tools: (server.spec.tools ?? []).map(({ name, requiredTrust, sideEffect }) => ({
      name,
      requiredTrust,
      ...(sideEffect !== undefined && { sideEffect }),
    })),
  };
}

export function inventoryOf(
  model: Model,
  servers: readonly ServerStatus[],
  sessions: readonly SessionStatus[],
): Inventory {
  return {
    servers: model.servers.map((server) =>
      serverOfInventory(
        server,
        servers.find((status) => isSameRef(status, refOf(server))),
      ),
    ),
    grants: model.grants.map((grant) => ({
      ...refOf(grant),
      server: serverName(refOf(grant), serverOf(grant)),
      subject: subjectOf(grant.spec.subject),
      maxTrust: grant.spec.maxTrust,
      disabled: grant.spec.disabled === true,
    })),
    sessions: model.sessions.map((session) => {
      const status = sessions.find((candidate) => isSameRef(candidate, refOf(session)));
      return {
        ...refOf(session),
        server: serverName(refOf(session), serverOf(session)),
        subject: subjectOf(session.spec.subject),
        consentedTrust: session.spec.consentedTrust,
        ...(status?.expiresAt !== undefined && { expiresAt: status.expiresAt }),
        state: status?.state ?? 'active',
      };
    }),
  };
}

/** The file that the sentinel reads; written one version after the other, and only when something changed. */
export class InventoryFile {
  private readonly file: string;
  private written = '';
  private writing: Promise<void> = Promise.resolve();

  constructor(file: string) {
    this.file = file;
  }

  show(inventory: Inventory): void {
    const text = JSON.stringify(inventory);
    if (text === this.written) return;
    this.written = text;
    // A picture that can't be drawn stops nothing that runs; the next change tries again.
    this.writing = this.writing.then(() => writeJson(this.file, inventory)).catch(() => undefined);
  }

  /** Resolves when the last version is on disk. */
  settled(): Promise<void> {
    return this.writing;
  }
}
