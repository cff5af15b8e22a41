// What the panels show. Tracks are not in here: they stay in `Picture`; `ui.tick` counts its changes
// so that a panel which shows some of them knows when to look again.
import type { World } from './generated/schema';
import { firstSettings, type Settings, type View } from './lib/settings';
import type { Agreements } from './lib/agreements';
import type { Card } from './lib/card';
import type { Ledger, Verdict } from './lib/ledger';
import type { Release } from './lib/release';
import type { Hello, LinkState, SensorRow, Session } from './wire/messages';

export interface Ui {
  settings: Settings;
  link: LinkState;
  hello: Hello | null;
  session: Session | null;
  sensors: SensorRow[];
  world: World;
  tick: number;
  tracks: number;
  shown: number;
  hidden: number;
  selected: number | null;
  /** What is known of the selected track; kept when it ends. */
  card: Card | null;
  ended: boolean;
  following: boolean;
  measuring: boolean;
  clock_ms: number;
  /** Seconds since anything was heard, if that is too long; else 0. */
  stale_s: number;
  problem: string;
  /** One line that screen readers hear and the eye sees for a moment. */
  notice: string;
  pointer: { latitude: number; longitude: number } | null;
  view: View | null;
  /** Asked of the node while their panel is open; `agreement` is the chosen one. */
  agreements: Agreements | null;
  agreement: string | null;
  /** Who gets the selected track; null until the node has said. */
  release: Release | null;
  /** Asked of the node while their panel is open; `ledgerBefore`: the page shown, null for the latest. */
  ledger: Ledger | null;
  ledgerNote: string;
  ledgerBefore: number | null;
  verdict: Verdict | null;
  verifying: boolean;
  open: { filters: boolean; sensors: boolean; agreements: boolean; ledger: boolean; table: boolean; help: boolean; palette: boolean };
  /** Single-letter keys work. */
  keysOn: boolean;
  ready: boolean;
}

export const ui: Ui = $state({
  settings: firstSettings(), link: 'connecting', hello: null, session: null, sensors: [], world: 'live', tick: 0,
  tracks: 0, shown: 0, hidden: 0, selected: null, card: null, ended: false, following: false, measuring: false,
  clock_ms: 0, stale_s: 0, problem: '', notice: '', pointer: null, view: null, agreements: null, agreement: null,
  release: null, ledger: null, ledgerNote: '', ledgerBefore: null, verdict: null, verifying: false,
  open: { filters: false, sensors: false, agreements: false, ledger: false, table: false, help: false, palette: false }, keysOn: true, ready: false,
});

/** What the frame round the screen must say; empty for the real, present sky. */
export function worldWords(): string[] {
  const preview = ui.session?.preview ?? null;
  return [
    ...(preview === null ? [] : [`PREVIEW AS ${preview.as}`]),
    ...(ui.world === 'exercise' || ui.hello?.world === 'exercise' ? ['EXERCISE'] : []),
    ...(ui.world === 'study' ? ['STUDY'] : []),
    ...(ui.world === 'replay' || (ui.session !== null && ui.session.mode !== 'live') ? ['REPLAY'] : []),
    ...(ui.session?.mode === 'paused' ? ['PAUSED'] : []),
  ];
}
