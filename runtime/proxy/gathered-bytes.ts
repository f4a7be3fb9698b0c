// Bytes that come in pieces and are wanted in one. Whoever sends decides how small the pieces are, and each costs far
// more than its bytes: many small ones are joined while they come.
import { freeBuffer } from './free-buffer.ts';

const MAX_LOOSE = 256;

export class GatheredBytes {
  byteLength = 0;
  private first: Buffer | undefined;
  private blocks: Buffer[] = [];
  private loose: Buffer[] = [];
  private readonly ownsPieces: boolean;

  /** @param ownsPieces whether nobody else has them, so that they can be freed once they are joined */
  constructor(ownsPieces: boolean) {
    this.ownsPieces = ownsPieces;
  }

  push(piece: Buffer): void {
    if (piece.length === 0) return;
    this.byteLength += piece.length;
    if (this.first === undefined) {
      this.first = piece;
      return;
    }
    this.loose.push(piece);
    if (this.loose.length < MAX_LOOSE) return;
    this.blocks.push(this.join(this.loose));
    this.loose = [];
  }

  /** Everything in one piece, and nothing left. */
  take(): Buffer {
    const { first, blocks, loose, byteLength } = this;
    this.byteLength = 0;
    this.first = undefined;
    if (first === undefined) return Buffer.alloc(0);
    if (first.length === byteLength) return first;
    this.blocks = [];
    this.loose = [];
    return this.join([first, ...blocks, ...loose]);
  }

  private join(pieces: readonly Buffer[]): Buffer {
    const joined = Buffer.concat(pieces);
    if (this.ownsPieces) for (const piece of pieces) freeBuffer(piece);
    return joined;
  }
}
