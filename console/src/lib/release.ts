// Why a partner gets a track, or why not, as the node explains it.

export interface Reason { condition: string; holds: boolean; text: string }

export interface GrantReasons { agreement: string; grant: string; article: string; fits: boolean; conditions: Reason[] }

export interface PartnerRelease {
  recipient: string;
  allowed: boolean;
  cause: string;
  why: string;
  rule: { agreement: string; version: number; grant: string; article: string } | null;
  not_after: string | null;
  fused_again: boolean;
  closed: string[];
  changed: string[];
  held_back: { field: string; why: string }[];
  grants: GrantReasons[];
  contributions: { sensor: string; nation: string; allowed: boolean; why: string }[];
  unknown_contributors: boolean;
}

export interface Release { own: string; now_ms: number; note: string; partners: PartnerRelease[] }

export type Verdict = 'goes' | 'late' | 'withheld';

/** Only its youth keeps it back now: what it was some seconds ago goes. */
export function verdictOf(one: PartnerRelease): Verdict {
  return one.allowed ? 'goes' : one.cause === 'delay' ? 'late' : 'withheld';
}

/** One line for a partner: by which grant, or why not. */
export function lineOf(one: PartnerRelease): string {
  const grant = one.rule === null ? '' : `${one.rule.grant}, article ${one.rule.article}`;
  switch (verdictOf(one)) {
    case 'goes': return one.fused_again ? `${grant}, fused again` : grant;
    case 'late': return `${one.changed.find((text) => text.startsWith('leaves')) ?? 'later'}: ${grant}`;
    case 'withheld': return `withheld: ${causeWords[one.cause] ?? one.cause.replaceAll('_', ' ')}`;
  }
}

/** Causes in few words; the sentence behind them is in `why`. */
export const causeWords: Record<string, string> = {
  clock: 'clock not trusted', world: 'not a world that is shared', fault: 'deciding failed', no_agreement: 'no agreement in force',
  stale: 'rules out of date', no_grant: 'no grant', area: 'outside the area', height: 'outside the height band',
  identity: 'identity not granted', category: 'category not granted', before_force: 'from before the agreement',
  delay: 'not old enough yet', provenance: 'made of what may not go there', overflow: 'too many wait',
};

/** What a partner does not have, by cause, in few words. */
export function withheldText(withheld: Record<string, number>): string {
  const causes = Object.entries(withheld);
  const total = causes.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return 'nothing withheld';
  return `${total} withheld: ${causes.map(([cause, count]) => `${count} ${causeWords[cause] ?? cause}`).join(', ')}`;
}
