// The golden messages were made by Python (tools/generate_schema.py); tests/codec/test_console.py
// reads the same files there.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Identity, MessageKind, PlotFlag, TrackState, absentAddress, absentCode, unknownTotal } from '../generated/schema';
import { Picture } from '../map/picture';
import { decode, WireProblem } from './decode';
import { TrackStore } from './store';
import { TrailStore } from './trails';

function golden(name: string): ArrayBuffer {
  const bytes = readFileSync(new URL(`./golden/${name}.bin`, import.meta.url));
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
}

function pictureOf(store: TrackStore, now_ms: number): Picture {
  const picture = new Picture();
  picture.take(store.copy().tracks, store.rows, 'exercise', now_ms, 1);
  return picture;
}

describe('a snapshot made by Python', () => {
  const message = decode(golden('snapshot'));
  const tracks = message.tracks!;

  test('has its header', () => {
    expect(message).toMatchObject({
      kind: MessageKind.SNAPSHOT, world: 'exercise', rows: 2, now_ms: 1_800_000_000_500, sequence: 1, total: 2,
    });
    expect([...message.removed]).toEqual([9]);
  });

  test('has every column of a full row', () => {
    expect(tracks.system_track_number[0]).toBe(7);
    expect(tracks.latitude_deg[0]).toBeCloseTo(42.85, 9);
    expect(tracks.longitude_deg[0]).toBeCloseTo(74.85, 9);
    expect(tracks.time_ms[0]! - tracks.updated_ms[0]!).toBe(2000);
    expect(tracks.time_ms[0]! - tracks.started_ms[0]!).toBe(600_000);
    expect([...tracks.sensors.subarray(0, 2)]).toEqual([0b101, 1 << 8]);
    expect(tracks.mode_3a[0]).toBe(0o7601);
    expect(tracks.icao_address[0]).toBe(0xabcdef);
    expect(tracks.mode_c_m[0]).toBe(10668);
    expect(tracks.height_m[0]).toBe(10700);
    expect(tracks.vertical_rate_ms[0]).toBe(-7.5);
    expect(tracks.velocity_east_ms[0]).toBe(200);
    expect(tracks.velocity_north_ms[0]).toBe(-100);
    expect(tracks.sigma_m[0]).toBe(30);
    expect(tracks.manoeuvre[0]).toBe(0.75);
    expect(tracks.update_count[0]).toBe(150);
    expect(tracks.unit_id[0]).toBe((41 << 8) | 3);
    expect(tracks.flags[0]).toBe(PlotFlag.SIMULATED);
    expect(tracks.state[0]).toBe(TrackState.CONFIRMED);
    expect(tracks.identity[0]).toBe(Identity.FRIEND);
  });

  test('says what is absent', () => {
    expect(tracks.mode_3a[1]).toBe(absentCode);
    expect(tracks.icao_address[1]).toBe(absentAddress);
    expect(tracks.mode_c_m[1]).toBeNaN();
    expect(tracks.callsign[8]).toBe(0);
  });
});

test('a delta adds, replaces and removes by number', () => {
  const store = new TrackStore();
  store.apply(decode(golden('snapshot')));
  expect(store.rows).toBe(2);
  store.apply(decode(golden('delta')));
  expect(store.rows).toBe(1);
  const picture = pictureOf(store, 0);
  picture.filter({ low: null, high: null, identities: null, states: null, sensors: null, text: '' }, null);
  expect(picture.tracks.system_track_number[0]).toBe(8);
  expect(picture.title(0)).toBe('#8');
});

test('the store keeps each number on its own row through growth and removal', () => {
  const store = new TrackStore();
  const message = decode(golden('snapshot'));
  for (let number = 1; number <= 1000; number += 1) {
    message.tracks!.system_track_number.set([number, 100_000 + number]);
    message.tracks!.update_count.set([number, -number]);
    store.apply({ ...message, kind: MessageKind.DELTA, removed: new Int32Array(0), total: unknownTotal });
  }
  store.apply({ ...message, kind: MessageKind.DELTA, rows: 0, removed: Int32Array.from({ length: 500 }, (_, at) => 2 * at + 1) });
  expect(store.rows).toBe(1500);
  const { tracks } = store.copy();
  const numbers = [...tracks.system_track_number];
  expect(new Set(numbers).size).toBe(1500);
  numbers.forEach((number, row) => expect(tracks.update_count[row]).toBe(number > 100_000 ? 100_000 - number : number));
});

test('trails made by Python become lines in order of time, cut to the window', () => {
  const trails = new TrailStore();
  const message = decode(golden('trails'));
  expect(message.world).toBe('replay');
  trails.take(message.trails!, message.rows);
  const all = { numbers: Int32Array.of(7, 8), since_ms: 0, until_ms: Infinity, dots: 1, least_deg: 0, piecesMost: 1000 };
  const lines = trails.lines(all);
  expect([...lines.sources]).toEqual([74.82, 42.81]);
  expect([...lines.ends]).toEqual([74.8, 42.8]);
  expect([...lines.dots]).toEqual([74.82, 42.81, 151.2, -33.5]);
  expect(trails.lines({ ...all, since_ms: message.now_ms - 5000 }).ends.length).toBe(0);
  expect(trails.lines({ ...all, least_deg: 1 }).ends.length).toBe(0);
  expect([...trails.lines({ ...all, until_ms: message.now_ms - 6000 }).dots]).toEqual([74.8, 42.8]);
});

test('an hour of trail keeps its first and last point within its bound', () => {
  const trails = new TrailStore();
  const message = decode(golden('snapshot'));
  const start = message.tracks!.time_ms[0]!;
  for (let second = 0; second <= 3600; second += 4) {
    message.tracks!.time_ms[0] = start + second * 1000;
    message.tracks!.longitude_deg[0] = 70 + second / 1000;
    trails.note(message.tracks!, 1);
  }
  const { sources, ends } = trails.lines({
    numbers: Int32Array.of(7), since_ms: 0, until_ms: Infinity, dots: 0, least_deg: 0, piecesMost: 1e6,
  });
  expect(sources[0]).toBeCloseTo(73.6, 6);
  expect(ends.at(-2)).toBe(70);
  expect(ends.length / 2).toBeLessThan(192);
  const longitudes = [...ends.filter((_, at) => at % 2 === 0)];
  expect(longitudes).toEqual(longitudes.toSorted((a, b) => b - a));
});

describe('bytes that are no message', () => {
  test.each([
    ['nothing', new ArrayBuffer(0), /no message/],
    ['another protocol', new ArrayBuffer(64), /not a message/],
    ['a message cut short', golden('snapshot').slice(0, 200), /cut short/],
  ])('%s', (_, bytes, reason) => {
    expect(() => decode(bytes)).toThrow(WireProblem);
    expect(() => decode(bytes)).toThrow(reason);
  });

  test('another schema asks for a reload', () => {
    const bytes = golden('snapshot');
    new DataView(bytes).setUint16(6, 99, true);
    expect(() => decode(bytes)).toThrow(/schema 99.*reload/);
  });
});

describe('the picture', () => {
  const store = new TrackStore();
  store.apply(decode(golden('snapshot')));
  const now_ms = 1_800_000_000_500;
  const open = { low: null, high: null, identities: null, states: null, sensors: null, text: '' };

  test('moves tracks along their velocity', () => {
    const picture = pictureOf(store, now_ms);
    const [longitude, latitude] = picture.place(0, picture.tracks.time_ms[0]! + 100_000);
    expect((latitude - 42.85) * 111_195).toBeCloseTo(-10_000, 0);
    expect((longitude - 74.85) * 111_195 * Math.cos((42.85 * Math.PI) / 180)).toBeCloseTo(20_000, 0);
  });

  test('fills in label templates, octal codes among them', () => {
    const picture = pictureOf(store, now_ms);
    expect(picture.label(0, '{cs} {id}|{fl}{vs} {gs} {m3} {owner} {hdg}{age}', 'Kant', now_ms)).toEqual(['MGL501 FRD', 'F350↓ 435 7601 Kant 117']);
    expect(picture.label(1, '{cs} {fl} {m3} {age}', '', now_ms)).toEqual(['#8 --- ---- 12 s']);
  });

  test.each([
    ['all', {}, [7, 8]],
    ['a height band keeps what has no height', { low: 0, high: 100 }, [8]],
    ['identity', { identities: [Identity.FRIEND] }, [7]],
    ['state', { states: [TrackState.COASTING] }, [8]],
    ['sensor by its place, past 32 too', { sensors: [40] }, [7]],
    ['callsign', { text: 'mgl' }, [7]],
    ['address', { text: 'abcd' }, [7]],
    ['code', { text: '7601' }, [7]],
  ])('filters by %s', (_, part, numbers) => {
    const picture = pictureOf(store, now_ms);
    picture.filter({ ...open, ...part }, null);
    const shown = [...picture.shown.subarray(0, picture.shownCount)].map((row) => picture.tracks.system_track_number[row]);
    expect(shown).toEqual(numbers);
    expect(picture.hidden).toBe(2 - numbers.length);
  });

  test('never hides the selected track or an emergency', () => {
    const picture = pictureOf(store, now_ms);
    picture.filter({ ...open, text: 'nothing' }, 8);
    expect(picture.shownCount).toBe(1);
    picture.tracks.flags[0] = PlotFlag.EMERGENCY;
    picture.filter({ ...open, text: 'nothing' }, 8);
    expect(picture.shownCount).toBe(2);
  });

  test('says by age how a track is drawn', () => {
    const picture = pictureOf(store, now_ms);
    picture.scan_s = 4;
    expect(picture.ageClass(0, now_ms)).toBe(0);
    expect(picture.ageClass(0, now_ms + 8000)).toBe(1);
    expect(picture.ageClass(0, now_ms + 20_000)).toBe(2);
    expect(picture.ageClass(1, now_ms)).toBe(1);
  });
});
