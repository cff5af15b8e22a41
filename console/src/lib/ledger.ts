// The unit's ledger as the node tells it.

export interface LedgerRow { number: number; time_ms: number; kind: string; partner: string; text: string }

export interface Ledger {
  origin: string;
  size: number;
  root: string;
  first: number;
  end: number;
  checkpoint: { size: number; signed_by: string[] } | null;
  records: LedgerRow[];
}

export interface Verdict { size: number; root: string; sound: boolean; faults: string[]; more: number; checkpoints: number }

export const ledgerPage = 50;

/** What an audit found, in one line. */
export function verdictText(found: Verdict): string {
  if (found.sound) return `Sound: ${found.size} records, every hash and root computed anew, ${found.checkpoints} checkpoints.`;
  const faults = found.faults.length + found.more;
  return `NOT SOUND: ${faults} ${faults === 1 ? 'fault' : 'faults'} in ${found.size} records.`;
}
