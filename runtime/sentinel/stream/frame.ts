// One batch as bytes in a segment file: a header with lengths and a checksum, then the lines. Pure; knows no files.
// A frame is either whole and right or it isn't there, which is what lets recovery cut a torn tail.
import { crc32 } from 'node:zlib';
import type { EventBatch, StreamBatch } from './event-stream.ts';

/** magic u32 · checksum u32 · payload bytes u32 · events u32 · offset u64 · received at u64, all little-endian. */
export const FRAME_HEADER_BYTES = 32;
/** Larger than any batch ingest accepts; a length beyond it is damage and not a reason to allocate. */
export const MAX_PAYLOAD_BYTES = 64 * 1024 * 1024;

const MAGIC = 0x4c_45_52_4d;
const CHECKSUM_AT = 4;
/** The checksum covers the header from here on, and the payload. */
const COVERED_FROM = 8;

export function encodeFrame(batch: EventBatch, offset: number): readonly [Buffer, Buffer] {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUInt32LE(MAGIC, 0);
  header.writeUInt32LE(batch.lines.length, 8);
  header.writeUInt32LE(batch.count, 12);
  header.writeBigUInt64LE(BigInt(offset), 16);
  header.writeBigUInt64LE(BigInt(batch.receivedAtMs), 24);
  header.writeUInt32LE(checksum(header, batch.lines), CHECKSUM_AT);
  return [header, batch.lines];
}

/** `incomplete`: more bytes may complete it. `damaged`: no bytes will. */
export type Frame =
  | { readonly kind: 'batch'; readonly batch: StreamBatch; readonly bytes: number }
  | { readonly kind: 'incomplete'; readonly needed: number }
  | { readonly kind: 'damaged' };

/** Reads the frame that starts at `at`. The batch's lines share memory with `bytes`. */
export function decodeFrame(bytes: Buffer, at: number): Frame {
  const left = bytes.length - at;
  if (left < FRAME_HEADER_BYTES) return { kind: 'incomplete', needed: FRAME_HEADER_BYTES };
  const header = bytes.subarray(at, at + FRAME_HEADER_BYTES);
  const length = header.readUInt32LE(8);
  if (header.readUInt32LE(0) !== MAGIC || length > MAX_PAYLOAD_BYTES) return { kind: 'damaged' };
  const needed = FRAME_HEADER_BYTES + length;
  if (left < needed) return { kind: 'incomplete', needed };
  const lines = bytes.subarray(at + FRAME_HEADER_BYTES, at + needed);
  if (checksum(header, lines) !== header.readUInt32LE(CHECKSUM_AT)) return { kind: 'damaged' };
  const batch = {
    lines,
    count: header.readUInt32LE(12),
    offset: Number(header.readBigUInt64LE(16)),
    receivedAtMs: Number(header.readBigUInt64LE(24)),
  };
  return { kind: 'batch', batch, bytes: needed };
}

function checksum(header: Buffer, lines: Buffer): number {
  return crc32(lines, crc32(header.subarray(COVERED_FROM)));
}
