// The tracks of the picture, one typed array per column, rows dense and in no order.
import { ConsoleTracksLayout, MessageKind, type ConsoleTracks } from '../generated/schema';
import type { Message } from './decode';

type Cells = Float64Array | Float32Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;
type Table = Record<string, Cells>;

function blank(rows: number): Table {
  const table: Table = {};
  for (const { name, array, width } of ConsoleTracksLayout) table[name] = new array(rows * width);
  return table;
}

/** A table of no tracks. */
export const noTracks = (): ConsoleTracks => blank(0) as unknown as ConsoleTracks;

export class TrackStore {
  /** How many tracks there are. */
  rows = 0;
  private capacity = 256;
  private table = blank(this.capacity);
  private readonly rowOf = new Map<number, number>();

  /** Take in one picture message: a snapshot replaces all, a delta adds, replaces and removes. */
  apply(message: Message): void {
    const { tracks } = message;
    if (tracks === null) return;
    if (message.kind === MessageKind.SNAPSHOT) {
      this.rowOf.clear();
      this.rows = 0;
    }
    for (const number of message.removed) this.remove(number);
    const source = tracks as unknown as Table;
    for (let from = 0; from < message.rows; from += 1) this.put(source, from, tracks.system_track_number[from]!);
  }

  /** A copy of all columns, to hand to another thread, and the buffers to transfer. */
  copy(): { tracks: ConsoleTracks; buffers: ArrayBuffer[] } {
    const copied: Table = {};
    const buffers: ArrayBuffer[] = [];
    for (const { name, width } of ConsoleTracksLayout) {
      const cells = this.table[name]!.slice(0, this.rows * width) as Cells;
      copied[name] = cells;
      buffers.push(cells.buffer as ArrayBuffer);
    }
    return { tracks: copied as unknown as ConsoleTracks, buffers };
  }

  has(number: number): boolean {
    return this.rowOf.has(number);
  }

  private put(source: Table, from: number, number: number): void {
    let row = this.rowOf.get(number);
    if (row === undefined) {
      if (this.rows === this.capacity) this.grow();
      row = this.rows;
      this.rows += 1;
      this.rowOf.set(number, row);
    }
    for (const { name, width } of ConsoleTracksLayout) {
      const into = this.table[name]!;
      const cells = source[name]!;
      for (let part = 0; part < width; part += 1) into[row * width + part] = cells[from * width + part]!;
    }
  }

  private remove(number: number): void {
    const row = this.rowOf.get(number);
    if (row === undefined) return;
    const last = this.rows - 1;
    if (row !== last) {
      for (const { name, width } of ConsoleTracksLayout) {
        this.table[name]!.copyWithin(row * width, last * width, (last + 1) * width);
      }
      this.rowOf.set((this.table.system_track_number as Int32Array)[row]!, row);
    }
    this.rowOf.delete(number);
    this.rows = last;
  }

  private grow(): void {
    this.capacity *= 2;
    const larger = blank(this.capacity);
    for (const { name } of ConsoleTracksLayout) larger[name]!.set(this.table[name]!);
    this.table = larger;
  }
}
