// `fetch` for what has a name in a cluster and none on this machine: a name leads to the address it was given here, so that
// what is sent is what any client of that name would send.
import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Agent, fetch as undiciFetch } from 'undici';

export class NamedFetch {
  private readonly addresses = new Map<string, string>();
  private readonly agent: Agent;

  /** @param ca PEM of an authority to trust, for https. @default those that Node knows */
  constructor({ ca }: { readonly ca?: string } = {}) {
    const lookup: LookupFunction = (hostname, options, callback) => {
      const address = this.addresses.get(hostname);
      if (address === undefined) {
        systemLookup(hostname, options, callback);
        return;
      }
      const found: LookupAddress = { address, family: 4 };
      if (options.all === true) callback(null, [found]);
      else callback(null, found.address, found.family);
    };
    this.agent = new Agent({ connect: { lookup, ...(ca !== undefined && { ca }) } });
  }

  /** Has a name lead to an address. */
  name(hostname: string, address: string): void {
    this.addresses.set(hostname, address);
  }

  /** Bodies are text. */
  readonly fetch: typeof fetch = async (input, init) => {
    const target = input instanceof Request ? input.url : String(input);
    const { body, headers, method, redirect, signal } = init ?? {};
    const answer = await undiciFetch(target, {
      ...(method !== undefined && { method }),
      ...(redirect !== undefined && { redirect }),
      ...(signal !== undefined && signal !== null && { signal }),
      headers: Object.fromEntries(new Headers(headers)),
      ...(typeof body === 'string' && { body }),
      dispatcher: this.agent,
    });
    return new Response(answer.body === null ? null : ReadableStream.from(answer.body), {
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
    });
  };

  /** Ends every connection. */
  async close(): Promise<void> {
    await this.agent.destroy();
  }
}
