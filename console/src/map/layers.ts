// The deck.gl layers of the one overlay: trails, history dots, velocity vectors, symbols, rings.
// All moving things are typed arrays; between messages only positions are written anew.
import { IconLayer, LineLayer, PathLayer, PolygonLayer, ScatterplotLayer } from '@deck.gl/layers';
import type { Layer } from '@deck.gl/core';
import type { MapArea } from '../lib/agreements';
import { destination } from '../lib/units';
import { identityColours, identityTags, rgb, type Theme } from '../lib/words';
import type { SensorPlace } from '../wire/messages';
import type { TrailLines } from '../wire/trails';
import { ageDashed, ageFresh, ageHollow, type Picture } from './picture';
import { iconOf, symbol_px, type Atlas } from './symbols';

export interface Look {
  theme: Theme;
  scale: number;
  vector_s: number;
  trail_min: number;
  rings: boolean;
}

const trailColour: Record<Theme, [number, number, number, number]> = { dark: [126, 152, 178, 110], light: [70, 90, 110, 120] };
const ringColour: Record<Theme, [number, number, number, number]> = { dark: [96, 125, 150, 90], light: [80, 100, 120, 110] };

// Violet: no identity and no alarm has it.
const areaColour: Record<Theme, [number, number, number]> = { dark: [178, 150, 220], light: [96, 62, 150] };

/** Made once: ten thousand new words a second would be work for the garbage collector. */
const iconNames = identityTags.flatMap((_, identity) => [ageFresh, ageDashed, ageHollow].map((age) => iconOf(identity, age)));

export class TrackLayers {
  private positions = new Float64Array(0);
  private ends = new Float64Array(0);
  private colours = new Uint8Array(0);
  private icons: string[] = [];
  private count = 0;
  private revision = 0;
  private still: Layer[] = [];
  private rings: Layer | null = null;
  private areas: Layer[] = [];

  constructor(private readonly picture: Picture, private atlas: Atlas) {}

  set symbols(atlas: Atlas) {
    this.atlas = atlas;
  }

  /** After a new picture or filter: what each shown row looks like. */
  restyle(look: Look, time_ms: number): void {
    const { picture } = this;
    const count = picture.shownCount;
    if (this.colours.length < 4 * count) {
      this.colours = new Uint8Array(8 * count);
      this.positions = new Float64Array(6 * count);
      this.ends = new Float64Array(6 * count);
    }
    const palette = identityColours[look.theme].map(rgb);
    this.icons.length = count;
    for (let at = 0; at < count; at += 1) {
      const row = picture.shown[at]!;
      const identity = picture.tracks.identity[row]!;
      const age = picture.ageClass(row, time_ms);
      this.icons[at] = iconNames[3 * identity + age]!;
      const [red, green, blue] = palette[identity] ?? palette[0]!;
      this.colours[4 * at] = red;
      this.colours[4 * at + 1] = green;
      this.colours[4 * at + 2] = blue;
      this.colours[4 * at + 3] = age === ageFresh ? 200 : age === ageHollow ? 70 : 130;
    }
    this.count = count;
    this.revision += 1;
  }

  /** Past lines and dots, as the worker has cut them. */
  setTrails(lines: TrailLines, look: Look): void {
    this.still = look.trail_min === 0 ? [] : [
      new LineLayer({
        id: 'trails',
        data: {
          length: lines.ends.length / 2,
          attributes: { getSourcePosition: { value: lines.sources, size: 2 }, getTargetPosition: { value: lines.ends, size: 2 } },
        } as never,
        widthUnits: 'pixels', getWidth: 1.2 * look.scale, getColor: trailColour[look.theme],
      }),
      new ScatterplotLayer({
        id: 'dots',
        data: { length: lines.dots.length / 2, attributes: { getPosition: { value: lines.dots, size: 2 } } } as never,
        radiusUnits: 'pixels', getRadius: 1.5 * look.scale, getFillColor: trailColour[look.theme].with(3, 190) as never,
      }),
    ];
  }

  setRings(sensors: readonly SensorPlace[], look: Look): void {
    const circles = sensors.filter((sensor) => sensor.latitude !== null && (sensor.range_m ?? 0) > 0)
      .map((sensor) => Array.from({ length: 121 }, (_, step) => {
        const { latitude, longitude } = destination(sensor.latitude!, sensor.longitude!, sensor.range_m!, step * 3);
        return [longitude, latitude];
      }));
    this.rings = !look.rings ? null : new PathLayer({
      id: 'rings', data: circles, getPath: (circle: number[][]) => circle as never, widthUnits: 'pixels',
      getWidth: 1.2, getColor: ringColour[look.theme],
    });
  }

  /** Areas of an agreement: rings as polygons, corridors as wide lines. */
  setAreas(areas: readonly MapArea[], look: Look): void {
    const colour = areaColour[look.theme];
    const shade = ({ strong, kind }: MapArea): number => (strong ? 56 : kind === 'site' ? 120 : 18);
    const rings = areas.filter(({ width_m }) => width_m === 0);
    const corridors = areas.filter(({ width_m }) => width_m > 0);
    this.areas = [
      new PathLayer<MapArea>({
        id: 'corridors', data: corridors, getPath: ({ outline }) => outline as never, widthUnits: 'meters',
        getWidth: ({ width_m }) => 2 * width_m, capRounded: true, jointRounded: true, getColor: (area) => [...colour, shade(area)],
      }),
      new PolygonLayer<MapArea>({
        id: 'areas', data: rings, getPolygon: ({ outline }) => outline as never, getFillColor: (area) => [...colour, shade(area)],
        getLineColor: (area) => [...colour, area.strong ? 255 : 150], lineWidthUnits: 'pixels',
        getLineWidth: ({ strong }) => (strong ? 2.2 : 1.2),
      }),
    ];
  }

  /** The layers for a time: tracks are moved on along their velocity. */
  at(time_ms: number, look: Look): Layer[] {
    const { picture, positions, ends, count } = this;
    for (let at = 0; at < count; at += 1) {
      const row = picture.shown[at]!;
      const [longitude, latitude] = picture.place(row, time_ms);
      positions[3 * at] = longitude;
      positions[3 * at + 1] = latitude;
      if (look.vector_s > 0) {
        const [endLongitude, endLatitude] = picture.place(row, time_ms + look.vector_s * 1000);
        ends[3 * at] = endLongitude;
        ends[3 * at + 1] = endLatitude;
      }
    }
    const getPosition = { value: positions, size: 3 };
    const layers: Layer[] = [...this.areas, ...(this.rings === null ? [] : [this.rings]), ...this.still];
    if (look.vector_s > 0) {
      layers.push(new LineLayer({
        id: 'vectors',
        data: {
          length: count,
          attributes: {
            getSourcePosition: getPosition, getTargetPosition: { value: ends, size: 3 },
            getColor: { value: this.colours, size: 4, normalized: true },
          },
        } as never,
        widthUnits: 'pixels', getWidth: 1.4 * look.scale,
      }));
    }
    layers.push(new IconLayer({
      id: 'symbols',
      data: { length: count, attributes: { getPosition } } as never,
      iconAtlas: this.atlas.canvas as never, iconMapping: this.atlas.mapping,
      getIcon: (_: unknown, { index }: { index: number }) => this.icons[index]!,
      getSize: symbol_px * look.scale, sizeUnits: 'pixels', alphaCutoff: 0.01,
      updateTriggers: { getIcon: this.revision },
      textureParameters: { minFilter: 'linear', magFilter: 'linear', mipmapFilter: 'none' },
    } as never));
    return layers;
  }
}
