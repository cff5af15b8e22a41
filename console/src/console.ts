// Joins the parts: the worker brings pictures, the chart draws them, the panels show `ui`, and
// whatever the operator does ends in `perform`, `obey` or one of the small verbs below.
import type { Chart } from './map/chart';
import { Picture } from './map/picture';
import { counted, forgetFrames, frameWork } from './frames';
import { mapAreas, type Agreement, type Agreements, type Grant } from './lib/agreements';
import { cardOf, withNode, type NodeCard } from './lib/card';
import { parse } from './lib/commands';
import type { Action } from './lib/keys';
import { ledgerPage, type Ledger, type Verdict } from './lib/ledger';
import type { Release } from './lib/release';
import {
  filterIsOn, labelStyles, noFilter, speeds, trailChoices_min, vectorChoices_s, writeAddress, type Filter, type Settings,
} from './lib/settings';
import { ui } from './ui.svelte';
import type { Command, FromWorker, NodeMessage, ToWorker } from './wire/messages';

export const picture = new Picture();

const stale_ms = 3000;
const cardEvery_ms = 1000;
const agreementsEvery_ms = 2000;
const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });

let chart: Chart | null = null;
let heard = performance.now();
let askedCard = 0;
let askedAgreements = 0;
let askedLedger = 0;
let firstView = true;
let noticeTimer = 0;
let addressTimer = 0;
let bytes = 0;
let dismissed = '';

export const ask = (message: ToWorker): void => worker.postMessage(message);
export const command = (order: Command): void => ask({ kind: 'command', command: order });

/** Begin to listen; the picture gathers here while the map is still being made. */
export function begin(viewGiven: boolean): void {
  firstView = !viewGiven;
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => counted(() => hear(data));
  const url = new URL('ws', document.baseURI);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  ask({ kind: 'connect', url: url.href });
  setInterval(beat, 250);
}

/** The chart is there: give it what was heard meanwhile. */
export function draw(drawn: Chart): void {
  chart = drawn;
  if (ui.hello !== null) chart.setUnit(ui.hello.unit, ui.hello.sensors);
  if (picture.sequence > 0) refilter();
}

function hear(message: FromWorker): void {
  switch (message.kind) {
    case 'link':
      ui.link = message.state;
      break;
    case 'node':
      heard = performance.now();
      hearNode(message.message);
      break;
    case 'picture':
      heard = performance.now();
      bytes += message.bytes;
      picture.take(message.tracks, message.rows, message.world, message.now_ms, message.sequence);
      ui.world = message.world;
      refilter();
      break;
    case 'trails':
      chart?.trailsCame(message);
      break;
    case 'labels':
      chart?.labelsCame(message.ticket, message.places);
      break;
    case 'problem':
      ui.problem = message.text;
      break;
  }
}

function hearNode(message: NodeMessage): void {
  switch (message.kind) {
    case 'hello': {
      ui.hello = message;
      ui.world = message.world;
      ui.problem = '';
      const periods = message.sensors.flatMap(({ period_s }) => (period_s === undefined || period_s <= 0 ? [] : [period_s]));
      picture.scan_s = periods.length > 0 ? Math.max(...periods) : 5;
      chart?.setUnit(message.unit, message.sensors);
      break;
    }
    case 'session':
      // What is known of the selected track is of one picture: that of the unit, or a partner's.
      if ((ui.session?.preview?.as ?? null) !== (message.preview?.as ?? null)) ui.card = ui.release = null;
      ui.session = message;
      picture.still = message.preview !== null;
      picture.speed = message.mode === 'paused' ? 0 : message.mode === 'live' ? 1 : message.speed;
      break;
    case 'sensors':
      ui.sensors = message.rows;
      break;
    case 'error':
      if (message.text !== dismissed) ui.problem = message.text;
      break;
  }
}

/** The operator has read it; the node may go on saying it. */
export function dismiss(): void {
  dismissed = ui.problem;
  ui.problem = '';
}

/** Choose the shown rows anew and tell everyone who shows them. */
function refilter(): void {
  picture.filter(ui.settings.filter, ui.selected);
  ui.tracks = picture.rows;
  ui.shown = picture.shownCount;
  ui.hidden = picture.hidden;
  ui.tick += 1;
  chart?.pictureChanged();
  if (firstView && chart !== null && picture.rows > 0) {
    firstView = false;
    chart.home();
  }
  refreshCard();
}

/** Four times a second: the clock, whether the picture is stale, the card's ages. */
function beat(): void {
  ui.clock_ms = picture.sequence > 0 ? picture.time() : Date.now();
  // A paused picture is meant to stand still; there a lost link alone makes it stale.
  const silent_ms = ui.session?.mode === 'paused' && ui.link === 'open' ? 0 : performance.now() - heard;
  ui.stale_s = silent_ms > stale_ms ? Math.round(silent_ms / 1000) : 0;
  if (ui.selected !== null && !ui.ended && performance.now() - askedCard > cardEvery_ms) void askCard(ui.selected);
  if (ui.open.ledger && ui.ledger !== null && ui.ledgerBefore === null && performance.now() - askedLedger > agreementsEvery_ms) void askLedger(null);
  if (ui.open.agreements && performance.now() - askedAgreements > agreementsEvery_ms) void askAgreements();
}

// The selected track.

export function select(number: number | null): void {
  ui.selected = number;
  ui.ended = false;
  ui.card = ui.release = null;
  if (number === null) ui.following = false;
  chart?.select(number);
  refreshCard();
  if (number !== null) void askCard(number);
  else if (filterIsOn(ui.settings.filter)) refilter();
  rememberAddress();
}

function refreshCard(): void {
  if (ui.selected === null) return;
  const row = picture.rowOf(ui.selected);
  ui.ended = row < 0 && picture.sequence > 0;
  if (row >= 0) ui.card = cardOf(picture, row, ui.hello?.sensors ?? [], ui.card);
}

/** What a path of the node's API answers; null: not now. No link is no fault here: its state says so. */
async function fetched<T>(path: string): Promise<T | null> {
  try {
    const answer = await fetch(path);
    return answer.ok ? ((await answer.json()) as T) : null;
  } catch (problem) {
    if (!(problem instanceof TypeError)) throw problem;
    return null;
  }
}

const ofSession = (): string => `session=${encodeURIComponent(ui.hello?.session ?? '')}`;

async function askCard(number: number): Promise<void> {
  askedCard = performance.now();
  const card = await fetched<NodeCard>(`api/tracks/${number}?${ofSession()}`);
  if (card === null || ui.selected !== number || ui.card === null) return;
  ui.card = withNode(ui.card, card, picture.time());
  // A preview shows what a partner has; it is not told why.
  const release = isPreview() ? null : await fetched<Release>(`api/tracks/${number}/release?${ofSession()}`);
  if (ui.selected === number && !isPreview()) ui.release = release ?? ui.release;
}

// Agreements.

const isPreview = (): boolean => ui.session !== null && ui.session.preview !== null;

async function askAgreements(): Promise<void> {
  askedAgreements = performance.now();
  ui.agreements = (await fetched<Agreements>(`api/agreements?${ofSession()}`)) ?? ui.agreements;
}

/** Show the picture as a partner has it; null: the unit's own again. */
export function preview(nation: string | null): void {
  command({ do: 'preview', as: nation });
  notice(nation === null ? 'The own picture' : `Preview as ${nation}`);
}

/** The ledger's records before a number; null: the latest, which are then kept up to date. */
export async function askLedger(before: number | null): Promise<void> {
  askedLedger = performance.now();
  ui.ledgerBefore = before;
  const found = await fetched<Ledger>(`api/ledger?limit=${ledgerPage}${before === null ? '' : `&before=${before}`}`);
  if (found === null) ui.ledgerNote = 'This unit keeps no ledger.';
  else if (ui.ledgerBefore === before) ui.ledger = found;
}

/** Let the node compute the whole ledger anew and say what it found. */
export async function verifyLedger(): Promise<void> {
  ui.verifying = true;
  ui.verdict = await fetched<Verdict>('api/ledger/verify');
  ui.verifying = false;
}

/** Draw the areas of an agreement on the map, those of a grant stronger; null: none. */
export function showAgreement(agreement: Agreement | null, grant: Grant | null): void {
  chart?.setAreas(agreement === null ? [] : mapAreas(agreement, grant));
}

// Settings.

export function change(part: Partial<Settings>): void {
  Object.assign(ui.settings, part);
  chart?.apply(plain(ui.settings));
  rememberAddress();
}

export function changeFilter(part: Partial<Filter>): void {
  Object.assign(ui.settings.filter, part);
  refilter();
  rememberAddress();
}

export function clearFilter(): void {
  changeFilter(noFilter());
}

/** A plain copy: what leaves the panels must not be watched by them. */
const plain = (settings: Settings): Settings => JSON.parse(JSON.stringify(settings)) as Settings;

/** Put the present view into the page's address, once things have settled. */
export function rememberAddress(): void {
  clearTimeout(addressTimer);
  addressTimer = window.setTimeout(() => {
    const query = writeAddress(ui.settings, ui.view, ui.selected);
    history.replaceState(null, '', `${location.pathname}?${query}`);
  }, 300);
}

export function notice(text: string): void {
  ui.notice = text;
  clearTimeout(noticeTimer);
  noticeTimer = window.setTimeout(() => {
    ui.notice = '';
  }, 2500);
}

const after = <T>(choices: readonly T[], present: T): T => choices[(choices.indexOf(present) + 1) % choices.length]!;

export function cycleLabels(): void {
  change({ label: after(labelStyles, ui.settings.label) });
  notice(`Labels: ${ui.settings.label}`);
}

export function cycleVectors(): void {
  change({ vector_s: after<number>(vectorChoices_s, ui.settings.vector_s) });
  notice(ui.settings.vector_s === 0 ? 'Vectors: none' : `Vectors: ${ui.settings.vector_s} s`);
}

export function cycleTrails(): void {
  change({ trail_min: after<number>(trailChoices_min, ui.settings.trail_min) });
  notice(ui.settings.trail_min === 0 ? 'Trails: none' : `Trails: ${ui.settings.trail_min} min`);
}

function resize(by: number): void {
  const scale = Math.round(Math.max(0.8, Math.min(2, ui.settings.scale + by)) * 10) / 10;
  change({ scale });
  notice(`Size ${scale.toFixed(1)}`);
}

// Time.

export function seek(time_ms: number): void {
  const { session } = ui;
  if (session === null) return;
  command({ do: 'seek', time_ms: Math.max(session.start_ms, Math.min(session.end_ms, time_ms)) });
}

export function pauseOrPlay(): void {
  command({ do: ui.session?.mode === 'paused' ? 'play' : 'pause' });
}

export function setSpeed(speed: number): void {
  command({ do: 'speed', speed });
  notice(`Speed ${speed}×`);
}

function stepSpeed(step: 1 | -1): void {
  const present = ui.session?.speed ?? 1;
  const next = step === 1 ? speeds.find((speed) => speed > present) : speeds.findLast((speed) => speed < present);
  if (next !== undefined) setSpeed(next);
}

/** A time of day, on the day the screen shows, or the nearest day that has it in the recording. */
function seekClock(clock_s: number): void {
  const { session } = ui;
  if (session === null) return;
  const day_ms = 86_400_000;
  const midnight = Math.floor(picture.time() / day_ms) * day_ms;
  const choices = [midnight, midnight - day_ms, midnight + day_ms].map((start) => start + clock_s * 1000);
  const inside = choices.find((time) => time >= session.start_ms && time <= session.end_ms);
  if (inside === undefined) notice('That time is not in the recording');
  else seek(inside);
}

// What keys and the command line do.

export function find(text: string): boolean {
  for (let row = 0; row < picture.rows; row += 1) {
    if (!picture.matches(row, text)) continue;
    select(picture.tracks.system_track_number[row]!);
    refilter();
    chart?.goToSelected();
    return true;
  }
  return false;
}

function close(): void {
  const { open } = ui;
  if (open.palette || open.help) open.palette = open.help = false;
  else if (chart?.clearLines(false)) ui.measuring = false;
  else if (open.table) open.table = false;
  else if (open.filters || open.sensors || open.agreements || open.ledger) openOnly(null);
  else if (ui.selected !== null) select(null);
}

/** One panel at the left at a time. */
function openOnly(name: 'filters' | 'sensors' | 'agreements' | 'ledger' | null): void {
  const { open } = ui;
  const opens = name !== null && !open[name];
  open.filters = open.sensors = open.agreements = open.ledger = false;
  if (name !== null) open[name] = opens;
}

const step_px = 120;

export function perform(action: Action): void {
  const { settings, open } = ui;
  switch (action) {
    case 'help': open.help = !open.help; break;
    case 'palette': open.palette = true; break;
    case 'close': close(); break;
    case 'home': chart?.home(); break;
    case 'zoomIn': chart?.zoom(0.5); break;
    case 'zoomOut': chart?.zoom(-0.5); break;
    case 'left': chart?.pan(-step_px, 0); break;
    case 'right': chart?.pan(step_px, 0); break;
    case 'up': chart?.pan(0, -step_px); break;
    case 'down': chart?.pan(0, step_px); break;
    case 'next': case 'previous': {
      const number = chart?.neighbour(action === 'next' ? 1 : -1) ?? null;
      if (number !== null) select(number);
      break;
    }
    case 'centre': chart?.goToSelected(); break;
    case 'follow':
      ui.following = chart?.follow() ?? false;
      notice(ui.following ? 'Following' : 'Not following');
      break;
    case 'labels': cycleLabels(); break;
    case 'vectors': cycleVectors(); break;
    case 'trails': cycleTrails(); break;
    case 'rings': change({ rings: !settings.rings }); break;
    case 'graticule': change({ graticule: !settings.graticule }); break;
    case 'airports': change({ airports: !settings.airports }); break;
    case 'unpin': chart?.labels.pins.clear(); chart?.apply(plain(settings)); break;
    case 'measure':
      chart?.measure();
      ui.measuring = chart?.labels.loose !== null;
      notice(ui.measuring ? 'Range line: choose its other end' : 'Range line set');
      break;
    case 'clearLines': chart?.clearLines(true); ui.measuring = false; break;
    case 'filters': case 'sensors': openOnly(action); break;
    case 'agreements':
      openOnly('agreements');
      if (open.agreements) void askAgreements();
      break;
    case 'ledger':
      openOnly('ledger');
      if (open.ledger) void askLedger(null);
      break;
    case 'table': open.table = !open.table; break;
    case 'clearFilter': clearFilter(); break;
    case 'theme': change({ theme: settings.theme === 'dark' ? 'light' : 'dark' }); break;
    case 'larger': resize(0.1); break;
    case 'smaller': resize(-0.1); break;
    case 'pause': pauseOrPlay(); break;
    case 'live': command({ do: 'live' }); break;
    case 'back': seek(picture.time() - 30_000); break;
    case 'forward': seek(picture.time() + 30_000); break;
    case 'slower': stepSpeed(-1); break;
    case 'faster': stepSpeed(1); break;
  }
}

/** Carry out one line of the command line; what went wrong, or "". */
export function obey(line: string): string {
  const order = parse(line);
  switch (order.do) {
    case 'fault': return order.text;
    case 'find': return find(order.text) ? '' : `nothing called ${order.text} in the picture`;
    case 'go': chart?.goTo(order.latitude, order.longitude); return '';
    case 'set': change(order.change); return '';
    case 'filter': changeFilter(order.change); return '';
    case 'clear': clearFilter(); return '';
    case 'seek': seekClock(order.clock_s); return '';
    case 'jump': seek(picture.time() + order.by_s * 1000); return '';
    case 'speed': setSpeed(order.speed); return '';
    case 'preview': preview(order.nation); return '';
    case 'live': case 'pause': case 'play': command({ do: order.do }); return '';
    default: perform(order.do); return '';
  }
}

/** What browser tests read. */
export const probe = {
  get ready(): boolean { return ui.ready; },
  get tracks(): number { return picture.rows; },
  get shown(): number { return picture.shownCount; },
  get hidden(): number { return picture.hidden; },
  get labels(): number { return chart?.labels.count ?? 0; },
  get preview(): string { return ui.session?.preview?.as ?? ''; },
  get mode(): string { return ui.session?.mode ?? ''; },
  get time_ms(): number { return picture.time(); },
  get bytes(): number { return bytes; },
  get frame(): ReturnType<typeof frameWork> { return frameWork(); },
  forgetFrames,
  /** Where the shown tracks are on the screen, page px, to click one. */
  places(): { number: number; x: number; y: number }[] {
    if (chart === null) return [];
    const time_ms = picture.time();
    return Array.from(picture.shown.subarray(0, picture.shownCount), (row) => {
      const [x, y] = chart!.projection.project(...picture.place(row, time_ms));
      return { number: picture.tracks.system_track_number[row]!, x, y };
    });
  },
};
