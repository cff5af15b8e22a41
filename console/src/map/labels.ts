// Labels, leader lines, sensors and range lines: text on one 2D canvas above the map. A canvas draws
// a few hundred short texts faster than the GPU's text layer builds its letters anew at every update.
import { PlotFlag } from '../generated/schema';
import { templates } from '../lib/settings';
import { ageText, bearingText, knots, metresPerMile, rangeAndBearing } from '../lib/units';
import { identityColours, type Theme } from '../lib/words';
import type { SensorPlace } from '../wire/messages';
import { hiddenPlace, offsetOf, type LabelBoxes } from './declutter';
import type { Picture } from './picture';
import type { Projection } from './projection';

const labelsMost = 500;
const gap_px = 15;

export interface LabelLook {
  theme: Theme;
  scale: number;
  /** Empty: no labels. */
  template: string;
  owner: string;
}

/** One end of a range line: a track, or a place. */
export type End = { number: number } | { latitude: number; longitude: number };

interface Label {
  row: number;
  number: number;
  lines: string[];
  width: number;
  height: number;
  place: number;
}

const ink: Record<Theme, { ground: string; text: string; leader: string; line: string; sensor: string }> = {
  dark: { ground: 'rgba(16,24,32,0.72)', text: '#E6EDF3', leader: 'rgba(150,170,190,0.55)', line: '#E6EDF3', sensor: '#9fb3c8' },
  light: { ground: 'rgba(238,241,244,0.8)', text: '#15202b', leader: 'rgba(60,80,100,0.6)', line: '#15202b', sensor: '#3c4c5c' },
};

export class LabelCanvas {
  /** Labels an operator has dragged: offset of the top left corner from the symbol, px. */
  readonly pins = new Map<number, [number, number]>();
  rangeLines: { from: End; to: End }[] = [];
  /** The loose end of a range line being drawn. */
  loose: { from: End; to: End | null } | null = null;
  selected: number | null = null;
  hovered: number | null = null;
  sensors: readonly SensorPlace[] = [];
  private labels: Label[] = [];
  private ticket = 0;
  private asked: Label[] = [];
  private readonly placeOf = new Map<number, number>();
  private readonly context: CanvasRenderingContext2D;

  constructor(readonly canvas: HTMLCanvasElement, private readonly picture: Picture,
    private readonly projection: Projection) {
    this.context = canvas.getContext('2d')!;
  }

  resize(width: number, height: number): void {
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  private priority(row: number, number: number): number {
    if (this.picture.tracks.flags[row]! & PlotFlag.EMERGENCY) return 4;
    if (number === this.selected || this.pins.has(number)) return 3;
    return this.placeOf.has(number) ? 2 : 1;
  }

  /** What the worker must place: the labels of the tracks in view. */
  request(look: LabelLook, time_ms: number): { ticket: number; boxes: LabelBoxes; gap: number } {
    const { picture, projection } = this;
    const seen: { row: number; number: number; x: number; y: number; priority: number }[] = [];
    for (let at = 0; at < picture.shownCount; at += 1) {
      const row = picture.shown[at]!;
      const number = picture.tracks.system_track_number[row]!;
      if (look.template === '' && number !== this.selected) continue;
      const [longitude, latitude] = picture.place(row, time_ms);
      const [x, y] = projection.project(longitude, latitude);
      if (projection.sees(x, y, 20)) seen.push({ row, number, x, y, priority: this.priority(row, number) });
    }
    seen.sort((a, b) => b.priority - a.priority || a.number - b.number);
    if (seen.length > labelsMost) seen.length = labelsMost;
    const [letter, line] = [6.7 * look.scale, 13 * look.scale];
    this.asked = seen.map(({ row, number }) => {
      const lines = picture.label(row, look.template || templates.standard, look.owner, time_ms);
      const longest = lines.reduce((most, text) => Math.max(most, text.length), 0);
      return {
        row, number, lines, width: longest * letter + 8, height: lines.length * line + 4,
        place: this.placeOf.get(number) ?? hiddenPlace,
      };
    });
    this.ticket += 1;
    return {
      ticket: this.ticket, gap: gap_px * look.scale,
      boxes: {
        count: seen.length,
        anchors: Float32Array.from(seen.flatMap(({ x, y }) => [x, y])),
        sizes: Float32Array.from(this.asked.flatMap(({ width, height }) => [width, height])),
        priority: Uint8Array.from(seen, ({ priority }) => priority),
        before: Uint8Array.from(this.asked, ({ place }) => place),
      },
    };
  }

  /** The worker's answer; an answer to an older question is passed over. */
  placed(ticket: number, places: Uint8Array): void {
    if (ticket !== this.ticket || places.length !== this.asked.length) return;
    this.placeOf.clear();
    this.labels = this.asked.filter((label, at) => {
      label.place = places[at]!;
      if (label.place !== hiddenPlace) this.placeOf.set(label.number, label.place);
      return label.place !== hiddenPlace || this.pins.has(label.number);
    });
  }

  /** After a new picture rows have moved: the labels find theirs again, until they are placed anew. */
  follow(): void {
    this.labels = this.labels.filter((label) => {
      label.row = this.picture.rowOf(label.number);
      return label.row >= 0 && this.picture.isShown[label.row] === 1;
    });
  }

  get count(): number {
    return this.labels.length;
  }

  private corner(label: Label, x: number, y: number, scale: number): [number, number] {
    const pin = this.pins.get(label.number);
    const [dx, dy] = pin ?? offsetOf(label.place, label.width, label.height, gap_px * scale);
    return [Math.round(x + dx), Math.round(y + dy)];
  }

  /** The label under a point of the screen and where in it, to drag it by. */
  hit(x: number, y: number, time_ms: number, scale: number): { number: number; offset: [number, number] } | null {
    for (const label of this.labels) {
      const [longitude, latitude] = this.picture.place(label.row, time_ms);
      const [anchorX, anchorY] = this.projection.project(longitude, latitude);
      const [left, top] = this.corner(label, anchorX, anchorY, scale);
      if (x >= left && y >= top && x <= left + label.width && y <= top + label.height) {
        return { number: label.number, offset: [left - anchorX, top - anchorY] };
      }
    }
    return null;
  }

  draw(look: LabelLook, time_ms: number): void {
    const { context, projection, picture } = this;
    const colours = ink[look.theme];
    context.clearRect(0, 0, projection.width, projection.height);
    this.drawSensors(look);
    context.font = `${11 * look.scale}px "IBM Plex Mono", "DejaVu Sans Mono", monospace`;
    context.textBaseline = 'top';
    context.lineWidth = 1;
    for (const label of this.labels) {
      const [longitude, latitude] = picture.place(label.row, time_ms);
      const [x, y] = projection.project(longitude, latitude);
      if (!projection.sees(x, y, 120)) continue;
      const [left, top] = this.corner(label, x, y, look.scale);
      const chosen = label.number === this.selected;
      this.leader(x, y, left, top, label, colours.leader, look.scale);
      context.fillStyle = colours.ground;
      context.fillRect(left, top, label.width, label.height);
      if (chosen || label.number === this.hovered) {
        context.strokeStyle = chosen ? colours.text : colours.leader;
        context.strokeRect(left + 0.5, top + 0.5, label.width - 1, label.height - 1);
      }
      context.fillStyle = chosen ? colours.text : identityColours[look.theme][picture.tracks.identity[label.row]!]!;
      label.lines.forEach((line, at) => context.fillText(line, left + 4, top + 3 + at * 13 * look.scale));
    }
    this.drawSelection(look, time_ms);
    this.drawRangeLines(look, time_ms);
  }

  private leader(x: number, y: number, left: number, top: number, label: Label, colour: string, scale: number): void {
    const nearX = Math.max(left, Math.min(x, left + label.width));
    const nearY = Math.max(top, Math.min(y, top + label.height));
    const length = Math.hypot(nearX - x, nearY - y);
    const start = 9 * scale;
    if (length <= start) return;
    this.context.strokeStyle = colour;
    this.context.beginPath();
    this.context.moveTo(x + ((nearX - x) * start) / length, y + ((nearY - y) * start) / length);
    this.context.lineTo(nearX, nearY);
    this.context.stroke();
  }

  private drawSelection(look: LabelLook, time_ms: number): void {
    const row = this.picture.rowOf(this.selected);
    if (row < 0) return;
    const [x, y] = this.projection.project(...this.picture.place(row, time_ms));
    const half = 15 * look.scale;
    const arm = 6 * look.scale;
    this.context.strokeStyle = ink[look.theme].text;
    this.context.lineWidth = 1.6;
    this.context.beginPath();
    for (const [sx, sy] of [[-1, -1], [1, -1], [1, 1], [-1, 1]] as const) {
      this.context.moveTo(x + sx * half, y + sy * (half - arm));
      this.context.lineTo(x + sx * half, y + sy * half);
      this.context.lineTo(x + sx * (half - arm), y + sy * half);
    }
    this.context.stroke();
  }

  private drawSensors(look: LabelLook): void {
    const { context } = this;
    const colours = ink[look.theme];
    context.font = `${10.5 * look.scale}px "IBM Plex Sans", "DejaVu Sans", sans-serif`;
    context.textBaseline = 'middle';
    context.lineWidth = 1.4;
    for (const sensor of this.sensors) {
      if (sensor.latitude === null || sensor.longitude === null) continue;
      const [x, y] = this.projection.project(sensor.longitude, sensor.latitude);
      if (!this.projection.sees(x, y, 100)) continue;
      const size = 5 * look.scale;
      context.strokeStyle = colours.sensor;
      context.fillStyle = colours.ground;
      context.beginPath();
      context.moveTo(x, y - size);
      context.lineTo(x + size, y);
      context.lineTo(x, y + size);
      context.lineTo(x - size, y);
      context.closePath();
      context.fill();
      context.stroke();
      context.fillStyle = colours.sensor;
      context.fillText(sensor.name, x + size + 4, y + 1);
    }
  }

  private whereIs(end: End, time_ms: number): { latitude: number; longitude: number } | null {
    if (!('number' in end)) return end;
    const row = this.picture.rowOf(end.number);
    if (row < 0) return null;
    const [longitude, latitude] = this.picture.place(row, time_ms);
    return { latitude, longitude };
  }

  private drawRangeLines(look: LabelLook, time_ms: number): void {
    const { context, projection } = this;
    const colours = ink[look.theme];
    context.font = `${11 * look.scale}px "IBM Plex Mono", "DejaVu Sans Mono", monospace`;
    context.textBaseline = 'middle';
    const loose = this.loose !== null && this.loose.to !== null ? [{ from: this.loose.from, to: this.loose.to }] : [];
    for (const { from, to } of [...this.rangeLines, ...loose]) {
      const [a, b] = [this.whereIs(from, time_ms), this.whereIs(to, time_ms)];
      if (a === null || b === null) continue;
      const [x1, y1] = projection.project(a.longitude, a.latitude);
      const [x2, y2] = projection.project(b.longitude, b.latitude);
      context.strokeStyle = colours.line;
      context.lineWidth = 1.2;
      context.setLineDash([6, 4]);
      context.beginPath();
      context.moveTo(x1, y1);
      context.lineTo(x2, y2);
      context.stroke();
      context.setLineDash([]);
      const text = this.rangeText(from, a, b);
      const width = text.length * 6.7 * look.scale + 10;
      const [x, y] = [(x1 + x2) / 2 - width / 2, (y1 + y2) / 2];
      context.fillStyle = colours.ground;
      context.fillRect(x, y - 9 * look.scale, width, 18 * look.scale);
      context.fillStyle = colours.line;
      context.fillText(text, x + 5, y + 1);
    }
  }

  /** Range, bearing there and back, and the time at the first track's present speed. */
  private rangeText(from: End, a: { latitude: number; longitude: number }, b: { latitude: number; longitude: number }): string {
    const there = rangeAndBearing(a, b);
    const back = rangeAndBearing(b, a);
    const miles = there.range_m / metresPerMile;
    const text = `${miles.toFixed(1)} NM ${bearingText(there.bearing_deg)}/${bearingText(back.bearing_deg)}`;
    const row = 'number' in from ? this.picture.rowOf(from.number) : -1;
    const speed = row < 0 ? 0 : knots(this.picture.speed_ms(row));
    return speed < 20 ? text : `${text} ${ageText((miles / speed) * 3600)}`;
  }
}
