// Reads the binary messages of jointsky/codec/console.py. The columns are views into the message:
// nothing is copied.
import {
  ConsoleTracksLayout, ConsoleTrailsLayout, MessageKind, headerBytes, magic, schemaVersion, worlds,
  type ConsoleTracks, type ConsoleTrails, type World,
} from '../generated/schema';

/** The bytes are not what this console reads; the message says why. */
export class WireProblem extends Error {}

export interface Message {
  kind: number;
  world: World;
  rows: number;
  removed: Int32Array;
  now_ms: number;
  sequence: number;
  /** Tracks in the whole picture after this message. */
  total: number;
  tracks: ConsoleTracks | null;
  trails: ConsoleTrails | null;
}

type Layout = readonly {
  name: string;
  array: { new (buffer: ArrayBuffer, offset: number, length: number): ArrayBufferView; BYTES_PER_ELEMENT: number };
  width: number;
}[];

const padded = (bytes: number): number => Math.ceil(bytes / 8) * 8;

function columns(buffer: ArrayBuffer, layout: Layout, rows: number, start: number): Record<string, ArrayBufferView> {
  const table: Record<string, ArrayBufferView> = {};
  let at = start;
  for (const { name, array, width } of layout) {
    const bytes = rows * width * array.BYTES_PER_ELEMENT;
    if (at + bytes > buffer.byteLength) throw new WireProblem(`column ${name} is cut short`);
    table[name] = new array(buffer, at, rows * width);
    at += padded(bytes);
  }
  return table;
}

/** One message. Throws `WireProblem` if it is not of this schema or is cut short. */
export function decode(buffer: ArrayBuffer): Message {
  if (buffer.byteLength < headerBytes) throw new WireProblem(`${buffer.byteLength} bytes are no message`);
  const view = new DataView(buffer);
  if (view.getUint32(0, true) !== magic) throw new WireProblem('not a message of a jointsky node');
  const kind = view.getUint8(4);
  const world = worlds[view.getUint8(5)];
  const version = view.getUint16(6, true);
  if (version !== schemaVersion) {
    throw new WireProblem(`the node speaks schema ${version}, this page ${schemaVersion}: reload the page`);
  }
  if (world === undefined) throw new WireProblem(`unknown world ${view.getUint8(5)}`);
  const rows = view.getUint32(8, true);
  const gone = view.getUint32(12, true);
  if (headerBytes + 4 * gone > buffer.byteLength) throw new WireProblem('removed numbers are cut short');
  const start = headerBytes + padded(4 * gone);
  const trails = kind === MessageKind.TRAILS;
  const table = columns(buffer, trails ? ConsoleTrailsLayout : ConsoleTracksLayout, rows, start);
  return {
    kind, world, rows,
    removed: new Int32Array(buffer, headerBytes, gone),
    now_ms: view.getFloat64(16, true),
    sequence: Number(view.getBigUint64(24, true)),
    total: Number(view.getBigUint64(32, true)),
    tracks: trails ? null : (table as unknown as ConsoleTracks),
    trails: trails ? (table as unknown as ConsoleTrails) : null,
  };
}
