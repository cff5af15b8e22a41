// What the operator has chosen, and its place in the page's address, so that a view can be kept,
// sent and opened again.
import { identityTags, type Theme } from './words';

export const labelStyles = ['none', 'short', 'standard', 'free'] as const;
export const vectorChoices_s = [0, 30, 60, 120, 300] as const;
export const trailChoices_min = [0, 2, 5, 15, 60] as const;
export const speeds = [0.5, 1, 2, 4, 8, 15, 30, 60] as const;
export const templates: Record<'short' | 'standard', string> = {
  short: '{cs}',
  standard: '{cs} {id}|{fl}{vs} {gs} {age}',
};

export interface Filter {
  /** Flight levels, inclusive; null: open. */
  low: number | null;
  high: number | null;
  /** Identities, states and sensors (places in the sensor table) that are shown; null: all. */
  identities: number[] | null;
  states: number[] | null;
  sensors: number[] | null;
  /** In callsign, address, Mode 3/A or track number. */
  text: string;
}

export interface Settings {
  label: (typeof labelStyles)[number];
  template: string;
  vector_s: number;
  trail_min: number;
  rings: boolean;
  graticule: boolean;
  airports: boolean;
  scale: number;
  theme: Theme;
  filter: Filter;
}

export interface View {
  latitude: number;
  longitude: number;
  zoom: number;
}

export const noFilter = (): Filter =>
  ({ low: null, high: null, identities: null, states: null, sensors: null, text: '' });

export const firstSettings = (): Settings => ({
  label: 'standard', template: '{cs} {fl}{vs} {gs} {m3} {owner}', vector_s: 60, trail_min: 2, rings: false,
  graticule: false, airports: true, scale: 1, theme: 'dark', filter: noFilter(),
});

export const filterIsOn = (filter: Filter): boolean =>
  filter.low !== null || filter.high !== null || filter.identities !== null || filter.states !== null
  || filter.sensors !== null || filter.text !== '';

const one = <T>(value: string | null, choices: readonly T[], otherwise: T): T =>
  choices.find((choice) => String(choice) === value) ?? otherwise;

function numbers(value: string | null): number[] | null {
  if (value === null) return null;
  return value.split(',').filter((part) => /^\d+$/.test(part)).map(Number);
}

const limit = (value: string | undefined): number | null =>
  value !== undefined && /^\d+$/.test(value) ? Number(value) : null;

/** The names of all parameters of the address; docs/console.md explains each. */
export const parameters = [
  'view', 'track', 'label', 'template', 'vector', 'trail', 'rings', 'grid', 'airports', 'scale', 'theme', 'alt', 'id',
  'state', 'sensor', 'text',
] as const;

/** Settings, view and selected track from the address; what makes no sense is passed over. */
export function readAddress(search: string): { settings: Settings; view: View | null; track: number | null } {
  const given = new URLSearchParams(search);
  const settings = firstSettings();
  settings.label = one(given.get('label'), labelStyles, settings.label);
  settings.template = (given.get('template') ?? settings.template).slice(0, 120);
  settings.vector_s = one(given.get('vector'), vectorChoices_s, settings.vector_s as never);
  settings.trail_min = one(given.get('trail'), trailChoices_min, settings.trail_min as never);
  settings.rings = given.get('rings') === '1';
  settings.graticule = given.get('grid') === '1';
  settings.airports = given.get('airports') !== '0';
  settings.theme = one(given.get('theme'), ['dark', 'light'] as const, settings.theme);
  const scale = Number(given.get('scale') ?? 1);
  settings.scale = scale >= 0.8 && scale <= 2 ? scale : 1;
  const band = (given.get('alt') ?? '').split(',');
  const identities = given.get('id')?.split(',').map((tag) => identityTags.indexOf(tag.toUpperCase() as never));
  settings.filter = {
    low: limit(band[0]), high: limit(band[1]),
    identities: identities?.filter((identity) => identity >= 0) ?? null,
    states: numbers(given.get('state')), sensors: numbers(given.get('sensor')),
    text: (given.get('text') ?? '').slice(0, 40),
  };
  const [latitude, longitude, zoom] = (given.get('view') ?? '').split(',').map(Number);
  const view = latitude !== undefined && longitude !== undefined && zoom !== undefined
    && Math.abs(latitude) <= 85 && Math.abs(longitude) <= 360 && zoom >= 0 && zoom <= 16
    ? { latitude, longitude, zoom } : null;
  const track = given.get('track');
  return { settings, view, track: track !== null && /^\d{1,9}$/.test(track) ? Number(track) : null };
}

/** The query of the address for these settings; what is as at first is left out. */
export function writeAddress(settings: Settings, view: View | null, track: number | null): string {
  const first = firstSettings();
  const query = new URLSearchParams();
  const put = (name: (typeof parameters)[number], value: string | number, usual: string | number): void => {
    if (value !== usual) query.set(name, String(value));
  };
  if (view !== null) {
    query.set('view', `${view.latitude.toFixed(3)},${view.longitude.toFixed(3)},${view.zoom.toFixed(2)}`);
  }
  if (track !== null) query.set('track', String(track));
  put('label', settings.label, first.label);
  put('template', settings.template, first.template);
  put('vector', settings.vector_s, first.vector_s);
  put('trail', settings.trail_min, first.trail_min);
  put('rings', settings.rings ? 1 : 0, 0);
  put('grid', settings.graticule ? 1 : 0, 0);
  put('airports', settings.airports ? 1 : 0, 1);
  put('scale', settings.scale, first.scale);
  put('theme', settings.theme, first.theme);
  const { low, high, identities, states, sensors, text } = settings.filter;
  if (low !== null || high !== null) query.set('alt', `${low ?? ''},${high ?? ''}`);
  if (identities !== null) query.set('id', identities.map((identity) => identityTags[identity]).join(',').toLowerCase());
  if (states !== null) query.set('state', states.join(','));
  if (sensors !== null) query.set('sensor', sensors.join(','));
  put('text', text, '');
  return query.toString().replaceAll('%2C', ',').replaceAll('%7C', '|');
}
