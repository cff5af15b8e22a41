// Places labels so that they do not hide each other, and keeps them where they were if it can.

/** Centre of a label relative to its symbol, in units of half-size plus gap: eight places. */
export const places: readonly (readonly [number, number])[] = [
  [1, -1], [1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0], [-1, -1], [0, -1],
];
export const hiddenPlace = 255;
const overlapMost = 0.2;
const cell_px = 128;
/** Half-width of a symbol as a share of the gap between symbol and label. */
const symbolShare = 0.6;

export interface LabelBoxes {
  count: number;
  /** Screen position of the symbol, x and y, px. */
  anchors: Float32Array;
  /** Width and height of the label, px. */
  sizes: Float32Array;
  /** Higher is placed first. */
  priority: Uint8Array;
  /** The place it had, or `hiddenPlace` if none. */
  before: Uint8Array;
}

/** Offset of a label's top left corner from its symbol's centre, px. */
export function offsetOf(place: number, width: number, height: number, gap: number): [number, number] {
  const [x, y] = places[place]!;
  return [x * (width / 2 + gap) - width / 2, y * (height / 2 + gap * (x === 0 ? 1 : 0.55)) - height / 2];
}

/**
 * The place of each label, or `hiddenPlace`. A label keeps its place unless more than a fifth of
 * it would be covered by one placed before it; then it takes the freest place, and if that too is
 * covered it is left out. Priority 3 and above (selected, alarmed) is always shown.
 */
export function declutter(boxes: LabelBoxes, gap: number): Uint8Array {
  const result = new Uint8Array(boxes.count).fill(hiddenPlace);
  const order = Array.from({ length: boxes.count }, (_, at) => at)
    .sort((a, b) => boxes.priority[b]! - boxes.priority[a]! || Number(boxes.before[a] === hiddenPlace) - Number(boxes.before[b] === hiddenPlace) || a - b);
  const grid = new Map<number, number[][]>();

  const cellsOf = (box: readonly number[]): number[] => {
    const keys: number[] = [];
    for (let x = Math.floor(box[0]! / cell_px); x <= Math.floor(box[2]! / cell_px); x += 1) {
      for (let y = Math.floor(box[1]! / cell_px); y <= Math.floor(box[3]! / cell_px); y += 1) keys.push(x * 4096 + y);
    }
    return keys;
  };
  const covered = (box: readonly number[]): number => {
    let area = 0;
    const seen = new Set<number[]>();
    for (const key of cellsOf(box)) {
      for (const other of grid.get(key) ?? []) {
        if (seen.has(other)) continue;
        seen.add(other);
        const width = Math.min(box[2]!, other[2]!) - Math.max(box[0]!, other[0]!);
        const height = Math.min(box[3]!, other[3]!) - Math.max(box[1]!, other[1]!);
        if (width > 0 && height > 0) area += width * height;
      }
    }
    return area;
  };

  const occupy = (box: number[]): void => {
    for (const key of cellsOf(box)) {
      const inCell = grid.get(key);
      if (inCell === undefined) grid.set(key, [box]);
      else inCell.push(box);
    }
  };
  const half = gap * symbolShare;
  for (let at = 0; at < boxes.count; at += 1) {
    const [x, y] = [boxes.anchors[2 * at]!, boxes.anchors[2 * at + 1]!];
    occupy([x - half, y - half, x + half, y + half]);
  }

  for (const at of order) {
    const [width, height] = [boxes.sizes[2 * at]!, boxes.sizes[2 * at + 1]!];
    const boxAt = (place: number): number[] => {
      const [dx, dy] = offsetOf(place, width, height, gap);
      const left = boxes.anchors[2 * at]! + dx;
      const top = boxes.anchors[2 * at + 1]! + dy;
      return [left, top, left + width, top + height];
    };
    const allowed = overlapMost * width * height;
    const kept = boxes.before[at]!;
    let best = hiddenPlace;
    if (kept !== hiddenPlace && covered(boxAt(kept)) <= allowed) best = kept;
    else {
      let least = Infinity;
      for (let place = 0; place < places.length && least > 0; place += 1) {
        const area = covered(boxAt(place));
        if (area < least) [least, best] = [area, place];
      }
      if (least > allowed && boxes.priority[at]! < 3) best = hiddenPlace;
    }
    result[at] = best;
    if (best === hiddenPlace) continue;
    occupy(boxAt(best));
  }
  return result;
}
