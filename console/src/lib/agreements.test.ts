import { describe, expect, test } from 'vitest';
import { limitsOf, mapAreas, milestones, spanOf, type Agreement, type Grant } from './agreements';

const grant: Grant = {
  id: 'g', from: 'AAA', to: ['BBB'], data: 'tracks', area: 'common', where: 'Common', floor_m: 1000, ceiling_m: 12_000,
  identities: ['unknown', 'assumed_friend'], categories: 'any', withheld: ['mode_3a', 'update_count'], guarded: [],
  quantum_m: 500, accuracy_m: 0, delay_s: 30, purpose: 'p', article: '4', revoked: false, assumed: true,
  onward: { to: ['CCC'], consents: [] },
};
const agreement: Agreement = {
  id: 'a', title: 't', version: 1, kind: 'bilateral', component_of: null, digest: '', parties: [], phase: 'in force', why: '',
  in_force: true, begin_ms: 0, end_ms: 1e12, final: false, days_left: 1, renewal: 'automatic',
  calendar: [{ time_ms: 0, kind: 'signed', text: 'signed' }, { time_ms: 5e11, kind: 'warning', text: 'w' }, { time_ms: 1e12, kind: 'ends', text: 'ends' }],
  warnings: [], grants: [grant], deployments: [], command: [], training: [], sources: [],
  areas: [{ id: 'common', name: 'Common', outline: [[0, 0]], width_m: 0 }, { id: 'other', name: 'Other', outline: [[0, 0]], width_m: 0 }],
  sites: [{ id: 's', name: 'S', host: 'AAA', area_ha: 5, outline: [[0, 0]], width_m: 0 }],
};

describe('agreements', () => {
  test('what limits a grant is said in words', () => {
    expect(limitsOf(grant)).toEqual([
      'from 1 000 m', 'up to 12 000 m', 'unknown, assumed friend', 'without Mode 3/A, plots', 'on a grid of 500 m', '30 s late',
      'onward to CCC with consent',
    ]);
  });
  test('areas that a grant names and sites are drawn, those of the chosen grant stand out', () => {
    expect(mapAreas(agreement, null).map(({ id, strong }) => [id, strong])).toEqual([['common', false], ['s', false]]);
    expect(mapAreas(agreement, grant)[0]!.strong).toBe(true);
  });
  test('the line of time holds every milestone and now, warnings left out', () => {
    expect(milestones(agreement).map(({ kind }) => kind)).toEqual(['signed', 'ends']);
    const [first, last] = spanOf(agreement, 2e12);
    expect(first).toBeLessThan(0);
    expect(last).toBeGreaterThan(2e12);
  });
});
