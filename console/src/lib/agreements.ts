// What the node tells of the unit's agreements, and how dates and areas of them are shown.

/** An outline on the map: a closed ring, or with a width (m, to each side) the middle of a corridor. */
export interface Outline { outline: [number, number][]; width_m: number }

export interface Grant {
  id: string;
  from: string;
  to: string[];
  data: string;
  area?: string;
  where: string;
  floor_m?: number;
  ceiling_m?: number;
  identities: string[] | 'any';
  categories: string[] | 'any';
  withheld: string[];
  guarded: string[];
  quantum_m: number;
  accuracy_m: number;
  delay_s: number;
  purpose: string;
  article: string;
  onward?: { to: string[]; consents: string[] };
  revoked: boolean;
  assumed: boolean | string[];
}

export interface Deployment {
  id: string;
  of: string;
  site: string;
  units: string[];
  sensors: { name: string; id: string }[];
  stands: boolean;
  why: string;
}

export interface CalendarEntry { time_ms: number; kind: string; text: string }

export interface Agreement {
  id: string;
  title: string;
  version: number;
  kind: string;
  component_of: string | null;
  digest: string;
  parties: { nation: string; name: string }[];
  phase: string;
  why: string;
  in_force: boolean;
  begin_ms: number | null;
  end_ms: number | null;
  final: boolean;
  days_left: number | null;
  renewal: string;
  calendar: CalendarEntry[];
  warnings: string[];
  grants: Grant[];
  areas: ({ id: string; name: string } & Outline)[];
  sites: ({ id: string; name: string; host: string; area_ha: number } & Outline)[];
  deployments: Deployment[];
  command: { role: string; holder: string; title: string; area?: string }[];
  training: { of: string; by: string; positions: string[]; entitlement: string }[];
  sources: { id: string; title: string; publisher: string; date?: string }[];
}

export interface ActLine { time_ms: number; file: string; act: string; accepted: boolean; text: string }

export interface Agreements {
  now_ms: number;
  own: string;
  trusted: boolean;
  clock: string;
  alarms: string[];
  lapsed: string[];
  agreements: Agreement[];
  acts: ActLine[];
}

/** What of an agreement is drawn on the map. */
export interface MapArea extends Outline { id: string; name: string; kind: 'area' | 'site'; strong: boolean }

/** Areas that grants are about, and sites; those of the chosen grant stand out. */
export function mapAreas(agreement: Agreement, chosen: Grant | null): MapArea[] {
  const used = new Set(agreement.grants.flatMap(({ area }) => (area === undefined ? [] : [area])));
  return [
    ...agreement.areas.filter(({ id }) => used.has(id)).map((area) => ({ ...area, kind: 'area' as const, strong: chosen?.area === area.id })),
    ...agreement.sites.map((site) => ({ ...site, kind: 'site' as const, strong: false })),
  ];
}

/** The dates that matter on a line of time: no warnings, each kind of thing by its words. */
export function milestones(agreement: Agreement): CalendarEntry[] {
  return agreement.calendar.filter(({ kind }) => kind !== 'warning');
}

/** From the first date to the last, or to now, with a little room; for placing dates on a line. */
export function spanOf(agreement: Agreement, now_ms: number): [number, number] {
  const times = [...milestones(agreement).map(({ time_ms }) => time_ms), now_ms];
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const room = Math.max(86_400_000, (last - first) * 0.03);
  return [first - room, last + room];
}

export const dateOf = (time_ms: number): string => new Date(time_ms).toISOString().slice(0, 10);

const words: Record<string, string> = {
  mode_c_m: 'flight level', height_m: 'height', vertical_rate_ms: 'climb', mode_3a: 'Mode 3/A', icao_address: 'address',
  started_ns: 'first seen', updated_ns: 'last plot', update_count: 'plots',
};
export const wordsOf = (names: string[]): string => names.map((name) => words[name] ?? name.replaceAll('_', ' ')).join(', ');

/** What a grant lets go, beyond its data class, in few words. */
export function limitsOf(grant: Grant): string[] {
  const metres = (value: number): string => `${Math.round(value).toLocaleString('en').replaceAll(',', ' ')} m`;
  return [
    ...(grant.floor_m === undefined ? [] : [`from ${metres(grant.floor_m)}`]),
    ...(grant.ceiling_m === undefined ? [] : [`up to ${metres(grant.ceiling_m)}`]),
    ...(grant.identities === 'any' ? [] : [wordsOf(grant.identities)]),
    ...(grant.categories === 'any' ? [] : [wordsOf(grant.categories)]),
    ...(grant.withheld.length === 0 ? [] : [`without ${wordsOf(grant.withheld)}`]),
    ...(grant.quantum_m > 0 ? [`on a grid of ${metres(grant.quantum_m)}`] : []),
    ...(grant.accuracy_m > 0 ? [`not finer than ${metres(grant.accuracy_m)}`] : []),
    ...(grant.delay_s > 0 ? [`${grant.delay_s} s late`] : []),
    ...(grant.onward === undefined ? [] : [`onward to ${grant.onward.to.join(', ')} with consent`]),
  ];
}
