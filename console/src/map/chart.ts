// The map: MapLibre below, one deck.gl overlay for everything that moves, one canvas for text.
// It knows no framework: the page tells it what to show and hears what the pointer did.
import { MapboxOverlay } from '@deck.gl/mapbox';
import { Map as BaseMap, setWorkerUrl, type MapMouseEvent } from 'maplibre-gl';
import mapWorkerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import 'maplibre-gl/dist/maplibre-gl.css';
import type { World } from '../generated/schema';
import { counted } from '../frames';
import type { MapArea } from '../lib/agreements';
import { templates, type Settings, type View } from '../lib/settings';
import type { Hello, SensorPlace, ToWorker } from '../wire/messages';
import type { TrailLines } from '../wire/trails';
import { baseStyle } from './base';
import { LabelCanvas, type LabelLook } from './labels';
import { TrackLayers } from './layers';
import { Pace } from './pace';
import type { Picture } from './picture';
import { Projection } from './projection';
import { makeAtlas } from './symbols';

setWorkerUrl(mapWorkerUrl);

const pick_px = 18;
const labels_ms = 500;
const trails_ms = 1000;
const trailPiecesMost = 40_000;
/** With more tracks than this in view, dots would only blur the picture. */
const dottedMost = 1500;

export interface ChartEvents {
  pick: (number: number | null) => void;
  view: (view: View) => void;
  pointer: (place: { latitude: number; longitude: number } | null) => void;
  ask: (message: ToWorker) => void;
}

export class Chart {
  readonly projection = new Projection();
  readonly labels: LabelCanvas;
  private readonly base: BaseMap;
  private readonly overlay: MapboxOverlay;
  private readonly pace = new Pace();
  private layers: TrackLayers | null = null;
  private settings: Settings;
  private world: World = 'live';
  private unit: Hello['unit'] | null = null;
  private sensors: SensorPlace[] = [];
  private areas: MapArea[] = [];
  private following = false;
  private moved = 0;
  private due = false;
  private drawn_ms = 0;
  private asked = 0;
  private askedTrails = 0;
  private dragged: { number: number; from: [number, number]; offset: [number, number] } | null = null;
  private pointer: { latitude: number; longitude: number } | null = null;

  constructor(container: HTMLElement, canvas: HTMLCanvasElement, private readonly picture: Picture,
    settings: Settings, view: View | null, private readonly events: ChartEvents) {
    this.settings = settings;
    this.base = new BaseMap({
      container, style: baseStyle(settings.theme, settings.scale, settings), attributionControl: false,
      center: view === null ? [74.85, 42] : [view.longitude, view.latitude], zoom: view?.zoom ?? 6,
      maxZoom: 13, minZoom: 1.5, dragRotate: false, pitchWithRotate: false, touchPitch: false, keyboard: false,
      fadeDuration: 0, doubleClickZoom: false, maxPitch: 0,
    });
    this.base.touchZoomRotate.disableRotation();
    this.overlay = new MapboxOverlay({ interleaved: false, layers: [], onAfterRender: () => this.pace.drawn(this.overlay.getCanvas()) });
    this.base.addControl(this.overlay);
    this.labels = new LabelCanvas(canvas, picture, this.projection);
    this.base.on('move', () => {
      this.look();
      this.drawLabels();
    });
    this.base.on('moveend', () => {
      this.askLabels();
      this.askTrails();
      const { lat, lng } = this.base.getCenter();
      this.events.view({ latitude: lat, longitude: lng, zoom: this.base.getZoom() });
    });
    this.base.on('resize', () => this.resize());
    this.listen();
    this.resize();
  }

  /** Done when tracks can be seen; the base map may still be coming in under them. */
  async ready(): Promise<void> {
    this.layers = new TrackLayers(this.picture, await makeAtlas(this.world, this.settings.theme, this.settings.scale));
    this.layers.setRings(this.sensors, this.settings);
    this.pictureChanged();
    const tick = (): void => {
      this.tick();
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  private resize(): void {
    const { clientWidth, clientHeight } = this.base.getContainer();
    this.labels.resize(clientWidth, clientHeight);
    this.look();
    this.drawLabels();
  }

  private look(): void {
    const { lat, lng } = this.base.getCenter();
    const { clientWidth, clientHeight } = this.base.getContainer();
    this.projection.set(lng, lat, this.base.getZoom(), clientWidth, clientHeight);
  }

  private labelLook(): LabelLook {
    const { theme, scale, label, template } = this.settings;
    const chosen = label === 'none' ? '' : label === 'free' ? template : templates[label];
    return { theme, scale, template: chosen, owner: this.unit?.name ?? '' };
  }

  /** How long a frame may stand: until the fastest aircraft has moved half a pixel. */
  private standing_ms(): number {
    const half_ms = (this.projection.metresPerPixel(this.base.getCenter().lat) / 2 / 280) * 1000;
    return Math.max(100, Math.min(1000, half_ms / Math.max(1, this.picture.speed)));
  }

  private tick(): void {
    const now = performance.now();
    if (this.pace.free(now) && (this.due || now - this.moved >= this.standing_ms())) this.moveTracks();
    if (now - this.asked >= labels_ms) this.askLabels();
  }

  private moveTracks(): void {
    if (this.layers === null) return;
    this.moved = performance.now();
    this.due = false;
    const time_ms = this.picture.time();
    this.drawn_ms = time_ms;
    this.overlay.setProps({ layers: this.layers.at(time_ms, this.settings) });
    if (this.following) this.centreOnSelected(time_ms);
    this.drawLabels();
  }

  private centreOnSelected(time_ms: number): void {
    const row = this.picture.rowOf(this.labels.selected);
    if (row >= 0) this.base.setCenter(this.picture.place(row, time_ms));
  }

  private drawLabels(): void {
    // Of the same moment as the symbols, or they would part at every speed above one.
    counted(() => this.labels.draw(this.labelLook(), this.drawn_ms));
  }

  private askLabels(): void {
    this.asked = performance.now();
    this.events.ask({ kind: 'declutter', ...this.labels.request(this.labelLook(), this.picture.time()) });
  }

  private askTrails(): void {
    this.askedTrails = performance.now();
    const { picture } = this;
    const time_ms = picture.time();
    const numbers: number[] = [];
    if (this.settings.trail_min > 0) {
      for (let at = 0; at < picture.shownCount; at += 1) {
        const row = picture.shown[at]!;
        const [x, y] = this.projection.project(picture.tracks.longitude_deg[row]!, picture.tracks.latitude_deg[row]!);
        if (this.projection.sees(x, y, 200)) numbers.push(picture.tracks.system_track_number[row]!);
      }
    }
    const { lat } = this.base.getCenter();
    this.events.ask({
      kind: 'trails', numbers: Int32Array.from(numbers), since_ms: time_ms - this.settings.trail_min * 60_000, until_ms: time_ms,
      dots: numbers.length > dottedMost ? 0 : 5, piecesMost: trailPiecesMost,
      least_deg: (1.5 * this.projection.metresPerPixel(lat)) / 111_195,
    });
  }

  /** A new picture, or another choice of rows, is in `picture`. */
  pictureChanged(): void {
    if (this.layers === null) return;
    if (this.picture.world !== this.world) void this.newSymbols();
    this.layers.restyle(this.settings, this.picture.time());
    this.labels.follow();
    this.due = true;
    if (performance.now() - this.asked >= labels_ms / 2) this.askLabels();
    if (performance.now() - this.askedTrails >= trails_ms) this.askTrails();
  }

  private async newSymbols(): Promise<void> {
    this.world = this.picture.world;
    const atlas = await makeAtlas(this.world, this.settings.theme, this.settings.scale);
    if (this.layers !== null) this.layers.symbols = atlas;
    this.pictureChanged();
  }

  trailsCame(lines: TrailLines): void {
    this.layers?.setTrails(lines, this.settings);
    this.due = true;
  }

  labelsCame(ticket: number, places: Uint8Array): void {
    this.labels.placed(ticket, places);
    this.drawLabels();
  }

  setUnit(unit: Hello['unit'], sensors: SensorPlace[]): void {
    const first = this.unit === null;
    this.unit = unit;
    this.sensors = sensors;
    this.labels.sensors = oneNameAPlace(sensors);
    this.layers?.setRings(sensors, this.settings);
    if (first) this.drawLabels();
  }

  /** Areas of an agreement, under the tracks; the view goes to the one that stands out. */
  setAreas(areas: MapArea[]): void {
    this.areas = areas;
    this.layers?.setAreas(areas, this.settings);
    this.due = true;
    const places = areas.find(({ strong }) => strong)?.outline;
    if (places === undefined) return;
    const [longitudes, latitudes] = [places.map(([longitude]) => longitude), places.map(([, latitude]) => latitude)];
    const box = [Math.min(...longitudes), Math.min(...latitudes), Math.max(...longitudes), Math.max(...latitudes)];
    const { clientWidth } = this.base.getContainer();
    // The panel that chose it covers the left.
    this.base.fitBounds(box as [number, number, number, number],
      { padding: { top: 90, bottom: 130, left: clientWidth / 2 + 60, right: 60 }, maxZoom: 9, duration: 0 });
  }

  apply(settings: Settings): void {
    const before = this.settings;
    this.settings = settings;
    const restyled = (['theme', 'scale', 'graticule', 'airports'] as const).some((name) => before[name] !== settings[name]);
    if (restyled) this.base.setStyle(baseStyle(settings.theme, settings.scale, settings));
    if (before.theme !== settings.theme || before.scale !== settings.scale) void this.newSymbols();
    this.layers?.setRings(this.sensors, settings);
    this.layers?.setAreas(this.areas, settings);
    this.pictureChanged();
    this.askTrails();
    this.askLabels();
  }

  select(number: number | null): void {
    this.labels.selected = number;
    if (number === null) this.following = false;
    // The card comes first; the labels make room for the chosen one in the next frame.
    this.asked = 0;
    this.drawLabels();
  }

  // Moving about.

  pan(x: number, y: number): void {
    this.following = false;
    this.base.panBy([x, y], { duration: 120 });
  }

  zoom(by: number): void {
    this.base.easeTo({ zoom: this.base.getZoom() + by, duration: 150 });
  }

  goTo(latitude: number, longitude: number, zoom?: number): void {
    this.base.jumpTo({ center: [longitude, latitude], zoom: zoom ?? this.base.getZoom() });
  }

  goToSelected(): void {
    this.centreOnSelected(this.picture.time());
  }

  /** Follow the selected track, or stop. */
  follow(): boolean {
    this.following = !this.following && this.labels.selected !== null;
    if (this.following) this.centreOnSelected(this.picture.time());
    return this.following;
  }

  /** The view that holds every shown track and sensor. */
  home(): void {
    const box = [Infinity, Infinity, -Infinity, -Infinity] as [number, number, number, number];
    const add = (longitude: number, latitude: number): void => {
      box[0] = Math.min(box[0], longitude);
      box[1] = Math.min(box[1], latitude);
      box[2] = Math.max(box[2], longitude);
      box[3] = Math.max(box[3], latitude);
    };
    for (const { longitude, latitude } of this.sensors) if (longitude !== null && latitude !== null) add(longitude, latitude);
    for (let at = 0; at < this.picture.shownCount; at += 1) {
      const row = this.picture.shown[at]!;
      add(this.picture.tracks.longitude_deg[row]!, this.picture.tracks.latitude_deg[row]!);
    }
    if (box[0] === Infinity) return;
    this.following = false;
    this.base.fitBounds(box, { padding: { top: 90, bottom: 110, left: 110, right: 110 }, maxZoom: 9, duration: 0 });
  }

  /** The next shown track in view after the selected one, by track number. */
  neighbour(step: 1 | -1): number | null {
    const numbers: number[] = [];
    for (let at = 0; at < this.picture.shownCount; at += 1) {
      const row = this.picture.shown[at]!;
      const [x, y] = this.projection.project(...this.picture.place(row, this.picture.time()));
      if (this.projection.sees(x, y, 0)) numbers.push(this.picture.tracks.system_track_number[row]!);
    }
    numbers.sort((a, b) => a - b);
    if (numbers.length === 0) return null;
    const { selected } = this.labels;
    if (selected === null) return step === 1 ? numbers[0]! : numbers.at(-1)!;
    const after = step === 1 ? numbers.find((number) => number > selected) : numbers.findLast((number) => number < selected);
    return after ?? (step === 1 ? numbers[0]! : numbers.at(-1)!);
  }

  // Range lines.

  /** Begin a range line at the selected track or the pointer, or end the one begun. */
  measure(): void {
    const { labels } = this;
    const here = labels.selected !== null ? { number: labels.selected } : this.pointer;
    if (labels.loose === null) {
      if (here !== null) labels.loose = { from: here, to: this.pointer };
    } else this.endLine(here ?? this.pointer);
    this.drawLabels();
  }

  private endLine(to: { number: number } | { latitude: number; longitude: number } | null): void {
    const { labels } = this;
    const same = to !== null && labels.loose !== null && 'number' in to && 'number' in labels.loose.from
      && to.number === labels.loose.from.number;
    const end = same ? this.pointer : to;
    if (labels.loose !== null && end !== null) labels.rangeLines.push({ from: labels.loose.from, to: end });
    labels.loose = null;
  }

  /** Take away the line being drawn, else all lines; whether there was any. */
  clearLines(all: boolean): boolean {
    const { labels } = this;
    const any = labels.loose !== null || (all && labels.rangeLines.length > 0);
    labels.loose = null;
    if (all) labels.rangeLines = [];
    this.drawLabels();
    return any;
  }

  // The pointer.

  private nearest(x: number, y: number): number | null {
    const { picture, projection } = this;
    const time_ms = picture.time();
    let least = (pick_px * this.settings.scale) ** 2;
    let best: number | null = null;
    for (let at = 0; at < picture.shownCount; at += 1) {
      const row = picture.shown[at]!;
      const [trackX, trackY] = projection.project(...picture.place(row, time_ms));
      const distance = (trackX - x) ** 2 + (trackY - y) ** 2;
      if (distance < least) [least, best] = [distance, picture.tracks.system_track_number[row]!];
    }
    return best ?? this.labels.hit(x, y, time_ms, this.settings.scale)?.number ?? null;
  }

  private listen(): void {
    const { base, labels } = this;
    base.on('mousedown', (event: MapMouseEvent) => {
      const { x, y } = event.point;
      const label = labels.hit(x, y, this.picture.time(), this.settings.scale);
      if (label === null) return;
      event.preventDefault();
      this.dragged = { number: label.number, from: [x, y], offset: label.offset };
    });
    base.on('mousemove', (event: MapMouseEvent) => counted(() => this.pointed(event)));
    base.on('mouseup', () => {
      this.dragged = null;
    });
    base.on('mouseout', () => {
      this.pointer = null;
      this.events.pointer(null);
    });
    base.on('dragstart', () => {
      this.following = false;
    });
    base.on('click', (event: MapMouseEvent) => {
      const number = this.nearest(event.point.x, event.point.y);
      if (labels.loose === null) this.events.pick(number);
      else this.endLine(number === null ? this.pointer : { number });
    });
    base.on('dblclick', (event: MapMouseEvent) => {
      const label = labels.hit(event.point.x, event.point.y, this.picture.time(), this.settings.scale);
      if (label === null) this.zoom(1);
      else {
        labels.pins.delete(label.number);
        this.askLabels();
      }
    });
  }

  private pointed(event: MapMouseEvent): void {
    const { labels } = this;
    const { x, y } = event.point;
    this.pointer = { latitude: event.lngLat.lat, longitude: event.lngLat.lng };
    this.events.pointer(this.pointer);
    if (this.dragged !== null) {
      const { number, from, offset } = this.dragged;
      if (Math.hypot(x - from[0], y - from[1]) > 3) {
        labels.pins.set(number, [offset[0] + x - from[0], offset[1] + y - from[1]]);
        this.drawLabels();
      }
      return;
    }
    const hovered = this.nearest(x, y);
    this.base.getCanvas().style.cursor = labels.loose !== null ? 'crosshair' : hovered === null ? '' : 'pointer';
    if (labels.loose !== null) labels.loose.to = hovered === null ? this.pointer : { number: hovered };
    if (hovered !== labels.hovered || labels.loose !== null) {
      labels.hovered = hovered;
      this.drawLabels();
    }
  }
}

/** Sensors on one site share one mark, with all their names. */
function oneNameAPlace(sensors: readonly SensorPlace[]): SensorPlace[] {
  const sites = new Map<string, SensorPlace>();
  for (const sensor of sensors) {
    const key = `${sensor.latitude?.toFixed(2)},${sensor.longitude?.toFixed(2)}`;
    const site = sites.get(key);
    if (site === undefined) sites.set(key, { ...sensor });
    else site.name += ` · ${sensor.name}`;
  }
  return [...sites.values()];
}
