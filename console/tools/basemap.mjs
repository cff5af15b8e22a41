// Makes the base map in build/public from Natural Earth (npm world-atlas, public domain):
// the world at 1:50m, the region at 1:10m, and the airports of ../data. Run before every build.
import { mkdirSync, readFileSync, writeFileSync, copyFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { feature, mesh } from 'topojson-client';

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, '..', 'build', 'public');
const region = { west: 60, south: 36, east: 82, north: 46 };

const read = (scale) =>
  JSON.parse(readFileSync(join(here, '..', 'node_modules', 'world-atlas', `countries-${scale}.json`), 'utf8'));

const round = (value, digits) => Number(value.toFixed(digits));
const inside = ([x, y]) => x >= region.west && x <= region.east && y >= region.south && y <= region.north;

/** Where the segment a-b, of which one end is inside, crosses the edge of the region. */
function crossing(a, b) {
  let [low, high] = inside(a) ? [a, b] : [b, a];
  for (let step = 0; step < 40; step += 1) {
    const middle = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
    if (inside(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** The pieces of lines that lie inside (or outside) the region. */
function clip(lines, wanted, digits) {
  const pieces = [];
  for (const line of lines) {
    let piece = [];
    line.forEach((point, at) => {
      const before = line[at - 1];
      if (before && inside(before) !== inside(point)) {
        const edge = crossing(before, point);
        piece.push(edge);
        if (inside(before) === wanted) {
          pieces.push(piece);
          piece = [];
        } else piece = [edge];
      }
      if (inside(point) === wanted) piece.push(point);
    });
    if (piece.length > 1) pieces.push(piece);
  }
  return pieces.map((piece) => piece.map(([x, y]) => [round(x, digits), round(y, digits)]));
}

function ringArea(ring) {
  let area = 0;
  for (let i = 1; i < ring.length; i += 1) area += ring[i - 1][0] * ring[i][1] - ring[i][0] * ring[i - 1][1];
  return area / 2;
}

function centroid(ring) {
  const area = ringArea(ring);
  let [x, y] = [0, 0];
  for (let i = 1; i < ring.length; i += 1) {
    const cross = ring[i - 1][0] * ring[i][1] - ring[i][0] * ring[i - 1][1];
    x += (ring[i - 1][0] + ring[i][0]) * cross;
    y += (ring[i - 1][1] + ring[i][1]) * cross;
  }
  return [round(x / (6 * area), 3), round(y / (6 * area), 3)];
}

/** One point per country, in its largest part. */
function names(countries) {
  return countries.features.map(({ geometry, properties }) => {
    const parts = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
    const rings = parts.map((part) => part[0]);
    const largest = rings.reduce((best, ring) => (Math.abs(ringArea(ring)) > Math.abs(ringArea(best)) ? ring : best));
    return {
      type: 'Feature',
      properties: { name: properties.name, size: round(Math.abs(ringArea(largest)), 1) },
      geometry: { type: 'Point', coordinates: centroid(largest) },
    };
  });
}

const lines = (kind, coordinates) => ({
  type: 'Feature', properties: { kind }, geometry: { type: 'MultiLineString', coordinates },
});

const graticule = () => {
  const all = [];
  for (let x = -180; x <= 180; x += 5) {
    const line = [];
    for (let y = -85; y <= 85; y += 5) line.push([x, y]);
    all.push(line);
  }
  for (let y = -80; y <= 80; y += 5) {
    const line = [];
    for (let x = -180; x <= 180; x += 5) line.push([x, y]);
    all.push(line);
  }
  return all;
};

const world = read('50m');
const fine = read('10m');
const border = (topology) => mesh(topology, topology.objects.countries, (a, b) => a !== b).coordinates;
const land = feature(world, world.objects.land);

const files = {
  'land.json': {
    type: 'FeatureCollection',
    features: land.features.map((part) => ({
      type: 'Feature', properties: {}, geometry: JSON.parse(JSON.stringify(part.geometry, (_, value) =>
        typeof value === 'number' ? round(value, 2) : value)),
    })),
  },
  'lines.json': {
    type: 'FeatureCollection',
    features: [
      lines('border', [...clip(border(world), false, 2), ...clip(border(fine), true, 4)]),
      lines('graticule', graticule()),
    ],
  },
  'names.json': { type: 'FeatureCollection', features: names(feature(world, world.objects.countries)) },
};

mkdirSync(out, { recursive: true });
for (const [name, content] of Object.entries(files)) writeFileSync(join(out, name), JSON.stringify(content));
copyFileSync(join(here, '..', '..', 'data', 'airports-36-46N-60-82E.json'), join(out, 'airports.json'));
