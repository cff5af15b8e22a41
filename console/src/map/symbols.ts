// The atlas of track symbols: MIL-STD-2525E frames (SIDC version 13), drawn by milsymbol when the
// console is built (tools/symbols.mjs) and painted here in the colours of the theme, one cell per
// identity and age.
import type { World } from '../generated/schema';
import symbols from '../generated/symbols.json';
import { identityColours, identityTags, type Theme } from '../lib/words';

/** Side of a symbol's square at scale 1, px; its frame takes two thirds of it. */
export const symbol_px = 28;
/** Side of the square that milsymbol drew it in (tools/symbols.mjs). */
const drawn_px = 64;
const ages = 3;
const fillings: Record<Theme, { ground: string; full: string; pale: string }> = {
  dark: { ground: '#101820', full: '0.34', pale: '0.14' },
  light: { ground: '#eef1f4', full: '0.24', pale: '0.1' },
};

export interface Atlas {
  canvas: HTMLCanvasElement;
  mapping: Record<string, { x: number; y: number; width: number; height: number; anchorX: number; anchorY: number; mask: boolean }>;
}

export const iconOf = (identity: number, age: number): string => `${identity}-${age}`;

async function paint(context: CanvasRenderingContext2D, svg: string, x: number, y: number, by: number): Promise<void> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  context.drawImage(image, x, y, image.width * by, image.height * by);
}

/** All symbols of one world and theme on one canvas, in the very pixels of the screen. */
export async function makeAtlas(world: World, theme: Theme, scale: number): Promise<Atlas> {
  const cell_px = Math.ceil(symbol_px * scale * (window.devicePixelRatio || 1));
  const by = cell_px / drawn_px;
  const canvas = document.createElement('canvas');
  canvas.width = cell_px * identityTags.length;
  canvas.height = cell_px * ages;
  const context = canvas.getContext('2d')!;
  const mapping: Atlas['mapping'] = {};
  const { ground, full, pale } = fillings[theme];
  const painted: Promise<void>[] = [];
  for (let identity = 0; identity < identityTags.length; identity += 1) {
    for (let age = 0; age < ages; age += 1) {
      const key = `${world === 'exercise' ? 2 : 0}-${identity}-${age}` as keyof typeof symbols;
      const { svg, x, y } = symbols[key];
      const filled = svg.replaceAll('INK', identityColours[theme][identity]!).replaceAll('GROUND', ground)
        .replaceAll('FULL', full).replaceAll('PALE', pale);
      const [left, top] = [identity * cell_px, age * cell_px];
      painted.push(paint(context, filled, left + cell_px / 2 - x * by, top + cell_px / 2 - y * by, by));
      mapping[iconOf(identity, age)] = {
        x: left, y: top, width: cell_px, height: cell_px, anchorX: cell_px / 2, anchorY: cell_px / 2, mask: false,
      };
    }
  }
  await Promise.all(painted);
  return { canvas, mapping };
}
