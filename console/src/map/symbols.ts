// The atlas of track symbols: MIL-STD-2525E frames (SIDC version 13) drawn once by milsymbol, one
// cell per identity and age. In an exercise the frames carry context 2 (simulation): context 1
// would turn suspect and hostile into joker and faker with a friend's frame.
import ms from 'milsymbol';
import type { World } from '../generated/schema';
import { identityColours, identityTags, type Theme } from '../lib/words';
import { ageDashed, ageFresh } from './picture';

const cell_px = 64;
const ages = 3;
const size = 40;

export interface Atlas {
  canvas: HTMLCanvasElement;
  mapping: Record<string, { x: number; y: number; width: number; height: number; anchorX: number; anchorY: number; mask: boolean }>;
}

/** SIDC of an air track of unknown kind, with its identity and context. */
export const sidc = (identity: number, simulated: boolean): string => `13${simulated ? 2 : 0}${identity}01000000000000`.padEnd(20, '0');

export const iconOf = (identity: number, age: number): string => `${identity}-${age}`;

function svgOf(identity: number, age: number, simulated: boolean, theme: Theme): { svg: string; x: number; y: number } {
  const colour = identityColours[theme][identity]!;
  const symbol = new ms.Symbol(sidc(identity, simulated), {
    size, fill: age === ageFresh || age === ageDashed, fillColor: colour, fillOpacity: (theme === 'dark' ? 0.34 : 0.24) * (age === ageFresh ? 1 : 0.4),
    strokeWidth: 8,
  } as never);
  const anchor = symbol.getAnchor();
  const ground = theme === 'dark' ? '#101820' : '#eef1f4';
  const dashes = age === ageDashed ? ' stroke-dasharray="22,12"' : '';
  const svg = symbol.asSVG()
    .replaceAll('stroke="black"', `stroke="${colour}"${dashes}`)
    .replaceAll(/stroke="rgb\(239, ?239, ?239\)"/g, `stroke="${ground}"`)
    .replaceAll('stroke-dasharray="4,4"', 'stroke-dasharray="12,14"')
    .replaceAll('stroke-width="5"', 'stroke-width="10"')
    // The letter of context 2 would be two pixels high; the frame round the screen says it instead.
    .replaceAll(/<text.*?<\/text>/g, '');
  return { svg, x: anchor.x, y: anchor.y };
}

async function draw(context: CanvasRenderingContext2D, svg: string, x: number, y: number): Promise<void> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  context.drawImage(image, x, y);
}

/** All symbols of one world and theme on one canvas. */
export async function makeAtlas(world: World, theme: Theme): Promise<Atlas> {
  const canvas = document.createElement('canvas');
  canvas.width = cell_px * identityTags.length;
  canvas.height = cell_px * ages;
  const context = canvas.getContext('2d')!;
  const mapping: Atlas['mapping'] = {};
  const drawn: Promise<void>[] = [];
  for (let identity = 0; identity < identityTags.length; identity += 1) {
    for (let age = 0; age < ages; age += 1) {
      const [left, top] = [identity * cell_px, age * cell_px];
      const { svg, x, y } = svgOf(identity, age, world === 'exercise', theme);
      drawn.push(draw(context, svg, left + cell_px / 2 - x, top + cell_px / 2 - y));
      mapping[iconOf(identity, age)] = {
        x: left, y: top, width: cell_px, height: cell_px, anchorX: cell_px / 2, anchorY: cell_px / 2, mask: false,
      };
    }
  }
  await Promise.all(drawn);
  return { canvas, mapping };
}
