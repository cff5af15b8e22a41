import { readFileSync } from 'node:fs';
import ms from 'milsymbol';
import { expect, test } from 'vitest';
import { makeSymbols, sidc, textOf } from '../../tools/symbols.mjs';

test('src/generated/symbols.json is what milsymbol draws: else `npm run symbols`', () => {
  const committed = readFileSync(new URL('../generated/symbols.json', import.meta.url), 'utf8');
  expect(committed).toBe(textOf(makeSymbols()));
});

// What a reader of the symbol must see, by milsymbol's own account of the code.
test.each([
  [0, 0, 'Unknown'], [0, 1, 'Unknown'], [0, 2, 'Friend'], [0, 3, 'Friend'], [0, 4, 'Neutral'], [0, 5, 'Hostile'], [0, 6, 'Hostile'],
  [2, 5, 'Hostile'], [2, 6, 'Hostile'], [2, 3, 'Friend'],
])('context %i identity %i has the frame of %s', (context, identity, affiliation) => {
  const metadata = new ms.Symbol(sidc(context, identity)).getMetadata();
  expect(metadata.affiliation).toBe(affiliation);
  expect(metadata.dimension).toBe('Air');
});
