// What proxies are said to enforce. By itself the source acknowledges, within a second, the policy that is in force for
// every ready pod with a proxy; a namespace in manual mode says only what the test gives it.
import { z } from 'zod';
import {
  acknowledgement,
  type Acknowledgement,
  type ServerRef,
} from '#scripts/cluster/acknowledgement-source.ts';
import type { Control } from './control.ts';

export type { Acknowledgement, ServerRef };

export class Acknowledgements {
  private readonly control: Control;

  constructor(control: Control) {
    this.control = control;
  }

  /** @param mode `auto` at first */
  async mode(namespace: string, mode: 'auto' | 'manual'): Promise<void> {
    await this.control.ask('acknowledgements-mode', { namespace, mode }, z.unknown());
  }

  /** Gives the whole set of a server, in a namespace in manual mode. */
  async say(server: ServerRef, acknowledgements: readonly Acknowledgement[]): Promise<void> {
    await this.control.ask('acknowledge', { server, acknowledgements }, z.unknown());
  }

  /** What the source would say of a server by itself now: a start for a set that differs. */
  automatic(server: ServerRef): Promise<readonly Acknowledgement[]> {
    return this.control.ask('acknowledgements-automatic', { server }, z.array(acknowledgement));
  }

  /** Away, it ends every stream and takes none. For serial tests only: it is away for everybody. */
  async away(away: boolean): Promise<void> {
    await this.control.ask('acknowledgements-away', { away }, z.unknown());
  }
}
