// The map under the picture: Natural Earth from the node itself, names drawn with the page's own
// font, so that nothing is fetched from anywhere else.
import type { StyleSpecification } from 'maplibre-gl';
import type { Theme } from '../lib/words';

interface Colours {
  sea: string; land: string; coast: string; border: string; grid: string; name: string; airport: string; halo: string;
}

const colours: Record<Theme, Colours> = {
  dark: {
    sea: '#0a1017', land: '#101820', coast: '#2b3947', border: '#43566a', grid: '#1a2531', name: '#6f8296',
    airport: '#71859a', halo: '#101820',
  },
  light: {
    sea: '#dbe3ea', land: '#eef1f4', coast: '#a9b6c2', border: '#8795a3', grid: '#dde3e9', name: '#5a6876',
    airport: '#566472', halo: '#eef1f4',
  },
};

const font = ['IBM Plex Sans'];

/** The whole style: no glyph, sprite or tile server in it. */
export function baseStyle(theme: Theme, scale: number, show: { graticule: boolean; airports: boolean }): StyleSpecification {
  const colour = colours[theme];
  const source = (name: string): { type: 'geojson'; data: string; attribution?: string } =>
    ({ type: 'geojson', data: new URL(name, document.baseURI).href });
  const line = (id: string, kind: string, width: number, paint: string, seen = true): StyleSpecification['layers'][number] => ({
    id, type: 'line', source: 'lines', filter: ['==', ['get', 'kind'], kind],
    layout: { visibility: seen ? 'visible' : 'none', 'line-join': 'round' },
    paint: { 'line-color': paint, 'line-width': width },
  });
  return {
    version: 8,
    sources: { land: source('land.json'), lines: source('lines.json'), names: source('names.json'), airports: source('airports.json') },
    layers: [
      { id: 'sea', type: 'background', paint: { 'background-color': colour.sea } },
      { id: 'land', type: 'fill', source: 'land', paint: { 'fill-color': colour.land, 'fill-antialias': false } },
      line('graticule', 'graticule', 1, colour.grid, show.graticule),
      { id: 'coast', type: 'line', source: 'land', paint: { 'line-color': colour.coast, 'line-width': 1 } },
      line('border', 'border', 1.2, colour.border),
      {
        id: 'names', type: 'symbol', source: 'names', maxzoom: 8,
        layout: {
          'text-field': ['upcase', ['get', 'name']], 'text-font': font, 'text-letter-spacing': 0.18, 'text-max-width': 9,
          'text-size': ['interpolate', ['linear'], ['zoom'], 2, 9 * scale, 6, 13 * scale],
          'symbol-sort-key': ['-', 0, ['get', 'size']], 'text-padding': 6,
        },
        paint: { 'text-color': colour.name, 'text-halo-color': colour.halo, 'text-halo-width': 1, 'text-opacity': 0.85 },
      },
      {
        id: 'airport', type: 'circle', source: 'airports', minzoom: 5.5,
        layout: { visibility: show.airports ? 'visible' : 'none' },
        paint: {
          'circle-radius': 2.6 * scale, 'circle-color': colour.land, 'circle-stroke-color': colour.airport,
          'circle-stroke-width': 1.2,
        },
      },
      {
        id: 'airport-name', type: 'symbol', source: 'airports', minzoom: 6.6,
        layout: {
          visibility: show.airports ? 'visible' : 'none', 'text-field': ['get', 'icao'], 'text-font': font,
          'text-size': 9.5 * scale, 'text-anchor': 'top', 'text-offset': [0, 0.5], 'text-padding': 3,
        },
        paint: { 'text-color': colour.airport, 'text-halo-color': colour.halo, 'text-halo-width': 1 },
      },
    ],
  };
}
