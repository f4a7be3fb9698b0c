// Commands to the runner, which holds the processes.
import type { z } from 'zod';

export class Control {
  private readonly about: { readonly url: string; readonly token: string };

  constructor(about: Control['about']) {
    this.about = about;
  }

  /** Throws with what the runner said where a command fails. */
  async ask<T extends z.ZodType>(command: string, input: object, answer: T): Promise<z.output<T>> {
    const response = await fetch(`${this.about.url}/${command}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.about.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(input),
    });
    const body: unknown = await response.json();
    if (!response.ok) throw new Error(`${command}: ${String(body)}`);
    return answer.parse(body);
  }
}
