import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { commands, parse } from './commands';
import { actionFor, bindings } from './keys';
import { firstSettings, parameters, readAddress, writeAddress } from './settings';
import { ageText, codeText, destination, levelText, positionText, rangeAndBearing, timeText } from './units';
import { identityColours, rgb } from './words';

const page = readFileSync(new URL('../../../docs/console.md', import.meta.url), 'utf8');

describe('docs/console.md', () => {
  const rows = bindings.flatMap((group) => group.rows);
  test.each(rows.flatMap(({ keys, does }) => keys.map((key) => [key, does])))('names the key %s: %s', (key) => {
    const names: Record<string, string> = { ' ': 'Space', ArrowLeft: 'Left', ArrowRight: 'Right', ArrowUp: 'Up', ArrowDown: 'Down', Escape: 'Esc', PageUp: 'Page Up', PageDown: 'Page Down' };
    expect(page).toContain(`\`${names[key!] ?? key}\``);
  });
  test.each([...parameters])('names the address parameter %s', (name) => expect(page).toContain(`| \`${name}\``));
  test.each(commands.map(({ example }) => example.split(' ')[0]!))('names the command %s', (name) => expect(page).toContain(`\`${name}`));
});

describe('keys', () => {
  const key = (name: string, more = {}) => ({ key: name, ctrlKey: false, metaKey: false, altKey: false, ...more });
  test('no key does two things', () => {
    const all = bindings.flatMap(({ rows }) => rows.flatMap(({ keys }) => keys));
    expect(new Set(all).size).toBe(all.length);
  });
  test('a key for the browser or for a field is left alone', () => {
    expect(actionFor(key('l'), false)).toBe('labels');
    expect(actionFor(key('l', { ctrlKey: true }), false)).toBeNull();
    expect(actionFor(key('l'), true)).toBeNull();
    expect(actionFor(key('Escape'), true)).toBe('close');
  });
});

describe('the command line', () => {
  test.each([
    ['find MGL501', { do: 'find', text: 'MGL501' }],
    ['mgl501', { do: 'find', text: 'MGL501' }],
    ['label 2', { do: 'set', change: { label: 'standard' } }],
    ['label {cs} {fl}', { do: 'set', change: { label: 'free', template: '{cs} {fl}' } }],
    ['alt 0 100', { do: 'filter', change: { low: 0, high: 100 } }],
    ['id unk SUS', { do: 'filter', change: { identities: [1, 5] } }],
    ['seek 08:30', { do: 'seek', clock_s: 30_600 }],
    ['speed 4', { do: 'speed', speed: 4 }],
    ['live', { do: 'live' }],
    ['go 42.85 74.85', { do: 'go', latitude: 42.85, longitude: 74.85 }],
  ])('%s', (line, order) => expect(parse(line)).toEqual(order));
  test.each(['alt 100 0', 'alt x y', 'id foo', 'seek 25:00', 'speed 100', 'speed', 'vec 45', 'label 9', 'go 99 0', 'scale 5', '', 'find'])(
    'refuses "%s" with a reason', (line) => {
      const order = parse(line);
      expect(order.do).toBe('fault');
      expect((order as { text: string }).text.length).toBeGreaterThan(5);
    });
  test('every example is a command', () => {
    for (const { example } of commands) expect(parse(example).do).not.toBe('fault');
  });
});

describe('the address', () => {
  test('keeps what was chosen', () => {
    const settings = { ...firstSettings(), label: 'free' as const, template: '{cs}|{fl}', vector_s: 120, scale: 1.3, theme: 'light' as const, rings: true };
    settings.filter = { low: 50, high: null, identities: [0, 6], states: [3], sensors: [1], text: 'KGZ 1' };
    const query = writeAddress(settings, { latitude: 42.5, longitude: -74.25, zoom: 6.5 }, 12);
    expect(readAddress(`?${query}`)).toEqual({ settings, view: { latitude: 42.5, longitude: -74.25, zoom: 6.5 }, track: 12 });
  });
  test('passes over what makes no sense', () => {
    const read = readAddress('?label=huge&vector=7&scale=9&view=a,b,c&alt=-5,x&track=1e9&theme=pink&id=zzz');
    expect({ ...read.settings, filter: { ...read.settings.filter, identities: null } }).toEqual(firstSettings());
    expect(read.view).toBeNull();
    expect(read.track).toBeNull();
  });
});

describe('units', () => {
  test('as controllers write them', () => {
    expect(codeText(0o7601)).toBe('7601');
    expect(levelText(10668)).toBe('F350');
    expect(levelText(Number.NaN)).toBe('---');
    expect(timeText(Date.UTC(2026, 0, 2, 3, 4, 5))).toBe('03:04:05');
    expect([ageText(3.4), ageText(185), ageText(7800)]).toEqual(['3 s', '3 min 05 s', '2 h 10 min']);
    expect(positionText(42.8533, -74.8467)).toBe('42°51.2′N 074°50.8′W');
    expect(positionText(-0.99999, 0)).toBe('01°00.0′S 000°00.0′E');
  });
  test('range and bearing: a degree of the equator, and there and back', () => {
    const { range_m, bearing_deg } = rangeAndBearing({ latitude: 0, longitude: 0 }, { latitude: 0, longitude: 1 });
    expect(range_m).toBeCloseTo(111_195, -1);
    expect(bearing_deg).toBeCloseTo(90, 9);
    const end = destination(42.85, 74.85, 250_000, 310);
    expect(rangeAndBearing({ latitude: 42.85, longitude: 74.85 }, end)).toMatchObject({ bearing_deg: expect.closeTo(310, 6), range_m: expect.closeTo(250_000, 3) });
  });
});

/** WCAG 2.2 contrast ratio. */
function contrast(a: string, b: string): number {
  const light = (colour: string): number => {
    const [red, green, blue] = rgb(colour).map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4)) as [number, number, number];
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [high, low] = [light(a), light(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

describe('contrast', () => {
  const style = readFileSync(new URL('../style.css', import.meta.url), 'utf8');
  const grounds = { dark: '#101820', light: '#eef1f4' };
  const blocks = style.split("[data-theme='light'] {");
  test.each(['dark', 'light'] as const)('identities are read on the %s map', (theme) => {
    for (const colour of identityColours[theme]) expect(contrast(colour, grounds[theme])).toBeGreaterThanOrEqual(4.5);
  });
  test.each([['dark', blocks[0]!], ['light', blocks[1]!]])('words of the %s theme are read on panels', (_, block) => {
    const colourOf = (name: string): string => new RegExp(`--${name}: (#[0-9a-f]{6})`).exec(block)![1]!;
    for (const name of ['text', 'soft', 'accent', 'ok', 'late']) {
      expect(contrast(colourOf(name), colourOf('ground')), name).toBeGreaterThanOrEqual(4.5);
      expect(contrast(colourOf(name), colourOf('raised')), `${name} raised`).toBeGreaterThanOrEqual(4.5);
    }
    expect(contrast(colourOf('on-accent'), colourOf('accent'))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(colourOf('line-strong'), colourOf('ground'))).toBeGreaterThanOrEqual(3);
  });
});
