// A disk in memory that can be torn, full or failing: what was synced is there after `crash`, what was not may be
// there in part.
import type { LogFile, LogFiles } from '#runtime/sentinel/stream/log-files.ts';

interface Content {
  bytes: Buffer;
  synced: Buffer;
}

export interface Faults {
  /** Bytes that fit on the disk. */
  capacity: number;
  /** What becomes of a sync; one that hangs is still under way when the machine stops. */
  sync: 'works' | 'fails' | 'hangs';
}

export class MemoryDisk {
  readonly faults: Faults = { capacity: Infinity, sync: 'works' };
  private readonly contents = new Map<string, Content>();
  private readonly texts = new Map<string, string>();

  readonly files: LogFiles = {
    list: () => Promise.resolve([...this.contents.keys(), ...this.texts.keys()]),
    open: (name, { create }) => {
      if (create) this.contents.set(name, { bytes: Buffer.alloc(0), synced: Buffer.alloc(0) });
      const content = this.contents.get(name);
      if (content === undefined) return Promise.reject(new Error(`ENOENT: ${name}`));
      return Promise.resolve(this.fileOf(content));
    },
    remove: (name) => {
      this.contents.delete(name);
      return Promise.resolve();
    },
    readText: (name) => Promise.resolve(this.texts.get(name)),
    writeText: (name, text) => {
      this.texts.set(name, text);
      return Promise.resolve();
    },
  };

  names(): readonly string[] {
    return [...this.contents.keys()];
  }

  bytesOf(name: string): Buffer {
    return this.contents.get(name)?.bytes ?? Buffer.alloc(0);
  }

  setBytes(name: string, bytes: Buffer): void {
    this.contents.set(name, { bytes, synced: bytes });
  }

  /** The machine stops: of each file's unsynced bytes, `kept` (0 to 1) of them made it, the rest is gone. */
  crash(kept: number): void {
    for (const content of this.contents.values()) {
      const { bytes, synced } = content;
      const unsynced = Math.max(0, bytes.length - synced.length);
      content.bytes = Buffer.from(bytes.subarray(0, synced.length + Math.floor(unsynced * kept)));
      content.synced = content.bytes;
    }
  }

  private used(): number {
    return [...this.contents.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  private fileOf(content: Content): LogFile {
    return {
      write: (buffers, position) => {
        const added = Buffer.concat(buffers);
        const room = this.faults.capacity - this.used() + (content.bytes.length - position);
        const written = added.subarray(0, Math.max(0, Math.min(added.length, room)));
        content.bytes = Buffer.concat([content.bytes.subarray(0, position), written]);
        if (written.length === added.length) return Promise.resolve();
        return Promise.reject(new Error('ENOSPC: no space left on device, write'));
      },
      read: (position, length) =>
        Promise.resolve(Buffer.from(content.bytes.subarray(position, position + length))),
      size: () => Promise.resolve(content.bytes.length),
      truncate: (size) => {
        content.bytes = content.bytes.subarray(0, size);
        return Promise.resolve();
      },
      sync: () => {
        if (this.faults.sync === 'fails') return Promise.reject(new Error('EIO: i/o error, fdatasync'));
        if (this.faults.sync === 'hangs') return new Promise(() => undefined);
        content.synced = content.bytes;
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    };
  }
}
