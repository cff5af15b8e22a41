// The track card: what the picture itself knows is shown at once; what only the node knows (which
// sensor saw it when) comes from /api/tracks/{number} a moment later.
import { PlotFlag } from '../generated/schema';
import type { Picture } from '../map/picture';
import type { SensorPlace } from '../wire/messages';

export interface Contributor {
  id: number;
  name: string;
  nation: string;
  kind: string;
  /** Seconds since it was last heard; null: not known. */
  age_s: number | null;
}

export interface Card {
  number: number;
  title: string;
  callsign: string;
  code: string;
  address: string;
  identity: number;
  state: number;
  latitude_deg: number;
  longitude_deg: number;
  mode_c_m: number;
  height_m: number;
  vertical_rate_ms: number;
  speed_ms: number;
  heading_deg: number;
  sigma_m: number;
  manoeuvre: number;
  update_count: number;
  started_ms: number;
  updated_ms: number;
  flags: string[];
  sensors: Contributor[];
}

/** What the node adds to a card; everything else the picture knows itself. */
export interface NodeCard {
  sensors?: { id: number; name: string; nation: string; kind: string; age_s?: number | null; last_ms?: number | null }[];
}

const flagWords: [number, string][] = [
  [PlotFlag.EMERGENCY, 'emergency'], [PlotFlag.SPI, 'special position identification'], [PlotFlag.SIMULATED, 'simulated'],
  [PlotFlag.TEST, 'test'], [PlotFlag.ON_GROUND, 'on ground'], [PlotFlag.FIXED_TRANSPONDER, 'fixed transponder'],
  [PlotFlag.CODE_GARBLED, 'code garbled'], [PlotFlag.HEIGHT_GARBLED, 'height garbled'],
];

/** The card of a row, from the picture alone. */
export function cardOf(picture: Picture, row: number, sensors: readonly SensorPlace[], before: Card | null): Card {
  const { tracks } = picture;
  const number = tracks.system_track_number[row]!;
  const [longitude_deg, latitude_deg] = picture.place(row, picture.time());
  const ages = before?.number === number ? new Map(before.sensors.map((sensor) => [sensor.id, sensor.age_s])) : new Map();
  return {
    number, title: picture.title(row), callsign: picture.callsign(row), code: picture.code(row), address: picture.address(row),
    identity: tracks.identity[row]!, state: tracks.state[row]!, latitude_deg, longitude_deg,
    mode_c_m: tracks.mode_c_m[row]!, height_m: tracks.height_m[row]!, vertical_rate_ms: tracks.vertical_rate_ms[row]!,
    speed_ms: picture.speed_ms(row), heading_deg: picture.heading_deg(row), sigma_m: tracks.sigma_m[row]!,
    manoeuvre: tracks.manoeuvre[row]!, update_count: tracks.update_count[row]!, started_ms: tracks.started_ms[row]!,
    updated_ms: tracks.updated_ms[row]!,
    flags: flagWords.filter(([bit]) => tracks.flags[row]! & bit).map(([, word]) => word),
    sensors: sensors.filter((_, place) => picture.fedBy(row, place)).map(({ id, name, nation, kind }) =>
      ({ id, name, nation, kind, age_s: ages.get(id) ?? null })),
  };
}

/** The card with what the node added. */
export function withNode(card: Card, added: NodeCard, now_ms: number): Card {
  if (added.sensors === undefined) return card;
  const sensors = added.sensors.map(({ id, name, nation, kind, age_s, last_ms }) => ({
    id, name, nation, kind, age_s: age_s ?? (last_ms == null ? null : (now_ms - last_ms) / 1000),
  }));
  return { ...card, sensors };
}
