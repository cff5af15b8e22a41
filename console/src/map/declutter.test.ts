import { expect, test } from 'vitest';
import { declutter, hiddenPlace, offsetOf, type LabelBoxes } from './declutter';

function boxesOf(anchors: [number, number][], priority: number[] = [], before: number[] = []): LabelBoxes {
  return {
    count: anchors.length, anchors: Float32Array.from(anchors.flat()),
    sizes: new Float32Array(2 * anchors.length).map((_, at) => (at % 2 === 0 ? 80 : 30)),
    priority: Uint8Array.from(anchors, (_, at) => priority[at] ?? 1), before: Uint8Array.from(anchors, (_, at) => before[at] ?? hiddenPlace),
  };
}

function overlap(boxes: LabelBoxes, places: Uint8Array, a: number, b: number): number {
  const [first, second] = [a, b].map((at) => {
    const [dx, dy] = offsetOf(places[at]!, 80, 30, 15);
    return [boxes.anchors[2 * at]! + dx, boxes.anchors[2 * at + 1]! + dy] as const;
  }) as [readonly [number, number], readonly [number, number]];
  const width = 80 - Math.abs(first[0] - second[0]);
  const height = 30 - Math.abs(first[1] - second[1]);
  return width > 0 && height > 0 ? (width * height) / 2400 : 0;
}

/** Numbers that are the same at every run. */
function scattered(count: number, width: number, height: number): [number, number][] {
  let seed = 12345;
  const next = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  return Array.from({ length: count }, () => [next() * width, next() * height]);
}

test('no shown label hides more than a fifth of another', () => {
  const boxes = boxesOf(scattered(400, 1600, 900));
  const places = declutter(boxes, 15);
  const shown = [...places.keys()].filter((at) => places[at] !== hiddenPlace);
  expect(shown.length).toBeGreaterThan(150);
  for (const a of shown) for (const b of shown) if (a < b) expect(overlap(boxes, places, a, b)).toBeLessThanOrEqual(0.2);
});

test('labels stay where they are while nothing forces them', () => {
  const boxes = boxesOf(scattered(200, 1600, 900));
  const first = declutter(boxes, 15);
  const moved = { ...boxes, before: first, anchors: boxes.anchors.map((value) => value + 40) };
  const second = declutter(moved, 15);
  const kept = [...first.keys()].filter((at) => first[at] !== hiddenPlace);
  expect(kept.every((at) => second[at] === first[at])).toBe(true);
});

test('a label that is covered moves; the one of higher priority does not', () => {
  const boxes = boxesOf([[500, 500], [505, 503]], [1, 3], [0, 0]);
  const places = declutter(boxes, 15);
  expect(places[1]).toBe(0);
  expect(places[0]).not.toBe(0);
});

test('a selected label is shown however crowded it is', () => {
  const crowd = Array.from({ length: 40 }, (_, at): [number, number] => [300 + at, 300 + at]);
  const places = declutter(boxesOf(crowd, crowd.map((_, at) => (at === 20 ? 3 : 1))), 15);
  expect(places[20]).not.toBe(hiddenPlace);
  expect(places.includes(hiddenPlace)).toBe(true);
});
