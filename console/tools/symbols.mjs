// Draws the track symbols of src/generated/symbols.json with milsymbol, once, so that the page does
// not carry a library of thousands of symbols to show twenty-one. `npm run symbols` after a change;
// src/map/symbols.test.ts fails when the file has drifted.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ms from 'milsymbol';

const identities = 7;
const ages = ['fresh', 'dashed', 'hollow'];
const contexts = [0, 2];
const size = 40;

/** SIDC of an air track of unknown kind (version 13, symbol set 01) in a context, with an identity.
 * An exercise is context 2, simulation: context 1 would turn suspect and hostile into joker and
 * faker with a friend's frame. */
export const sidc = (context, identity) => `13${context}${identity}01000000000000`.padEnd(20, '0');

function draw(context, identity, age) {
  const symbol = new ms.Symbol(sidc(context, identity), { size, fillColor: 'INK', fillOpacity: 0.5, strokeWidth: 8 });
  if (!symbol.isValid()) throw new Error(`milsymbol does not know ${sidc(context, identity)}`);
  const { x, y } = symbol.getAnchor();
  const svg = symbol.asSVG()
    .replaceAll('stroke="black"', `stroke="INK"${age === 'dashed' ? ' stroke-dasharray="22,12"' : ''}`)
    // The second stroke, which makes the frames of pending, assumed friend and suspect dashed.
    .replaceAll(/stroke="rgb\(239, ?239, ?239\)"/g, 'stroke="GROUND"')
    .replaceAll('stroke-dasharray="4,4"', 'stroke-dasharray="12,14"')
    .replaceAll('fill="INK" fill-opacity="0.5"', age === 'hollow' ? 'fill="none"' : `fill="INK" fill-opacity="${age === 'fresh' ? 'FULL' : 'PALE'}"`)
    // The letter of context 2 would be two pixels high; the frame round the screen says it instead.
    .replaceAll(/<text.*?<\/text>/g, '');
  if (/rgb|black/.test(svg)) throw new Error(`a colour of milsymbol's own is left in ${svg}`);
  return { svg, x, y };
}

/** Every symbol by `context-identity-age`: SVG with INK, GROUND, FULL and PALE to fill in, anchor. */
export function makeSymbols() {
  const symbols = {};
  for (const context of contexts) {
    for (let identity = 0; identity < identities; identity += 1) {
      ages.forEach((age, at) => {
        symbols[`${context}-${identity}-${at}`] = draw(context, identity, age);
      });
    }
  }
  return symbols;
}

export const textOf = (symbols) => `${JSON.stringify(symbols, null, 1)}\n`;

const file = fileURLToPath(new URL('../src/generated/symbols.json', import.meta.url));
if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(file, textOf(makeSymbols()));
