// What the node, the worker and the page say to each other, apart from the binary messages.
import type { ConsoleTracks, World } from '../generated/schema';
import type { LabelBoxes } from '../map/declutter';
import type { TrailLines, TrailQuestion } from './trails';

export interface SensorPlace {
  id: number;
  name: string;
  kind: string;
  nation: string;
  latitude: number | null;
  longitude: number | null;
  range_m: number | null;
  period_s?: number;
}

export interface Hello {
  kind: 'hello';
  /** Name of this console's session, for the API. */
  session: string;
  unit: { name: string; nation: string; sac: number; sic: number; latitude: number | null; longitude: number | null };
  world: World;
  version: string;
  now_ms: number;
  sensors: SensorPlace[];
}

export type Mode = 'live' | 'paused' | 'replay';

export interface Session {
  kind: 'session';
  mode: Mode;
  speed: number;
  time_ms: number;
  start_ms: number;
  end_ms: number;
  /** Whether there is a live source to go back to. */
  live: boolean;
  /** What a person must know of the agreements now. */
  alarms: string[];
  /** Whose picture is shown, if not the unit's own, and how many tracks it does not have, by cause. */
  preview: { as: string; withheld: Record<string, number> } | null;
}

export interface SensorRow {
  id: number;
  name: string;
  kind: string;
  nation: string;
  state: 'ok' | 'late' | 'lost' | 'silent';
  /** 0 when it says of itself that it must not be used operationally. */
  operational?: number | boolean | null;
  rate_hz: number;
  latency_ms: number | null;
  last_ms: number | null;
  reports: number;
  rejects: number;
  /** Reports that were not used, or contradict others, by reason. */
  refused?: Record<string, number>;
  /** What is wrong with it now, empty if nothing is. */
  note?: string;
  plots_per_scan?: number | null;
  bias?: SensorBias | null;
}

/** What registration knows of a sensor: of radars range m, azimuth degrees, time s; of others
 *  (placed) east m, north m, time s. */
export interface SensorBias {
  role: 'learned' | 'given' | 'reference';
  placed: boolean;
  known: boolean;
  values: [number, number, number];
  sigmas: [number, number, number];
  plots: number;
  warning: string;
}

export interface Sensors {
  kind: 'sensors';
  rows: SensorRow[];
}

export interface NodeError {
  kind: 'error';
  text: string;
}

export type NodeMessage = Hello | Session | Sensors | NodeError;

export type Command =
  | { do: 'pause' | 'play' | 'live' }
  | { do: 'speed'; speed: number }
  | { do: 'seek'; time_ms: number }
  | { do: 'preview'; as: string | null };

export type LinkState = 'connecting' | 'open' | 'lost';

export type ToWorker =
  | { kind: 'connect'; url: string }
  | { kind: 'command'; command: Command }
  | ({ kind: 'trails' } & TrailQuestion)
  | { kind: 'declutter'; ticket: number; boxes: LabelBoxes; gap: number };

export type FromWorker =
  | { kind: 'link'; state: LinkState; attempt: number }
  | { kind: 'node'; message: NodeMessage }
  | {
    kind: 'picture'; tracks: ConsoleTracks; rows: number; world: World; now_ms: number; sequence: number;
    snapshot: boolean; bytes: number;
  }
  | ({ kind: 'trails' } & TrailLines)
  | { kind: 'labels'; ticket: number; places: Uint8Array }
  | { kind: 'problem'; text: string };
