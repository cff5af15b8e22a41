import { describe, expect, test } from 'vitest';
import { lineOf, verdictOf, withheldText, type PartnerRelease } from './release';

const rule = { agreement: 'kgz-rus', version: 1, grant: 'kgz-tracks', article: '4' };
const one = (part: Partial<PartnerRelease>): PartnerRelease => ({
  recipient: 'RUS', allowed: false, cause: 'area', why: '', rule, not_after: null, fused_again: false, closed: [], changed: [],
  held_back: [], grants: [], contributions: [], unknown_contributors: false, ...part,
});

describe('release', () => {
  test('says by which grant a track goes', () => {
    expect(verdictOf(one({ allowed: true, cause: 'allowed' }))).toBe('goes');
    expect(lineOf(one({ allowed: true, cause: 'allowed' }))).toBe('kgz-tracks, article 4');
    expect(lineOf(one({ allowed: true, cause: 'allowed', fused_again: true }))).toContain('fused again');
  });
  test('says that it goes late', () => {
    const late = one({ cause: 'delay', changed: ['position told no better than 1,500 m', 'leaves when 30 s old'] });
    expect(verdictOf(late)).toBe('late');
    expect(lineOf(late)).toBe('leaves when 30 s old: kgz-tracks, article 4');
  });
  test('says why it is withheld', () => {
    expect(lineOf(one({}))).toBe('withheld: outside the area');
    expect(lineOf(one({ cause: 'no_agreement', rule: null }))).toBe('withheld: no agreement in force');
  });
  test('counts what is withheld by cause', () => {
    expect(withheldText({})).toBe('nothing withheld');
    expect(withheldText({ area: 3, height: 1 })).toBe('4 withheld: 3 outside the area, 1 outside the height band');
  });
});
