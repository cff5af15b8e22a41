// Where tracks have been: a bounded memory per track that thins its older half as it fills, so
// that an hour costs no more room than a few minutes.
import type { ConsoleTracks, ConsoleTrails } from '../generated/schema';

const capacity = 192;
const spacing_ms = 4000;

interface Trail {
  count: number;
  /** time_ms, longitude, latitude, three cells a point, oldest first. */
  points: Float64Array;
}

export interface TrailLines {
  /** Both ends of each piece of line: longitude, latitude. */
  sources: Float64Array;
  ends: Float64Array;
  /** The newest points of each track: longitude, latitude. */
  dots: Float64Array;
}

export interface TrailQuestion {
  numbers: Int32Array;
  since_ms: number;
  until_ms: number;
  /** How many of the newest points to give of each track. */
  dots: number;
  /** Pieces shorter than this are joined: what the screen could not show. */
  least_deg: number;
  piecesMost: number;
}

export class TrailStore {
  private readonly trails = new Map<number, Trail>();

  clear(): void {
    this.trails.clear();
  }

  /** Add the present position of every track. */
  note(tracks: ConsoleTracks, rows: number): void {
    for (let row = 0; row < rows; row += 1) {
      this.add(tracks.system_track_number[row]!, tracks.time_ms[row]!, tracks.longitude_deg[row]!,
        tracks.latitude_deg[row]!);
    }
  }

  /** Take in the past that the node has sent; points may come in any order. */
  take(past: ConsoleTrails, rows: number): void {
    const order = Array.from({ length: rows }, (_, row) => row)
      .sort((a, b) => past.time_ms[a]! - past.time_ms[b]!);
    const kept = new Map(this.trails);
    this.trails.clear();
    for (const row of order) {
      this.add(past.system_track_number[row]!, past.time_ms[row]!, past.longitude_deg[row]!, past.latitude_deg[row]!);
    }
    for (const [number, trail] of kept) {
      for (let at = 0; at < trail.count; at += 1) {
        const [time_ms, longitude, latitude] = trail.points.subarray(3 * at, 3 * at + 3);
        this.add(number, time_ms!, longitude!, latitude!);
      }
    }
  }

  /** Forget tracks that are no more. */
  forget(numbers: Iterable<number>): void {
    for (const number of numbers) this.trails.delete(number);
  }

  /** The lines of these tracks in a window of time, and their newest points. */
  lines({ numbers, since_ms, until_ms, dots, least_deg, piecesMost }: TrailQuestion): TrailLines {
    const sources: number[] = [];
    const ends: number[] = [];
    const newest: number[] = [];
    for (const number of numbers) {
      const trail = this.trails.get(number);
      if (trail === undefined) continue;
      const { points } = trail;
      let last = trail.count - 1;
      while (last >= 0 && points[3 * last]! > until_ms) last -= 1;
      for (let at = Math.max(0, last - dots + 1); at <= last; at += 1) newest.push(points[3 * at + 1]!, points[3 * at + 2]!);
      let from = last;
      for (let at = last - 1; at >= 0 && points[3 * at]! >= since_ms && sources.length < 2 * piecesMost; at -= 1) {
        const [across, up] = [points[3 * at + 1]! - points[3 * from + 1]!, points[3 * at + 2]! - points[3 * from + 2]!];
        if (across * across + up * up < least_deg * least_deg) continue;
        sources.push(points[3 * from + 1]!, points[3 * from + 2]!);
        ends.push(points[3 * at + 1]!, points[3 * at + 2]!);
        from = at;
      }
    }
    return { sources: Float64Array.from(sources), ends: Float64Array.from(ends), dots: Float64Array.from(newest) };
  }

  private add(number: number, time_ms: number, longitude: number, latitude: number): void {
    let trail = this.trails.get(number);
    if (trail === undefined) {
      trail = { count: 0, points: new Float64Array(3 * 16) };
      this.trails.set(number, trail);
    }
    if (trail.count > 0 && time_ms < trail.points[3 * (trail.count - 1)]! + spacing_ms) return;
    if (3 * trail.count === trail.points.length) {
      if (trail.count < capacity) {
        const larger = new Float64Array(Math.min(2 * trail.points.length, 3 * capacity));
        larger.set(trail.points);
        trail.points = larger;
      } else thin(trail);
    }
    trail.points.set([time_ms, longitude, latitude], 3 * trail.count);
    trail.count += 1;
  }
}

/** Drop every second point of the older half. */
function thin(trail: Trail): void {
  const half = trail.count >> 1;
  let into = 0;
  for (let at = 0; at < trail.count; at += 1) {
    if (at < half && at % 2 === 1) continue;
    trail.points.copyWithin(3 * into, 3 * at, 3 * at + 3);
    into += 1;
  }
  trail.count = into;
}
