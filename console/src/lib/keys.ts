// Every key of the console. docs/console.md names each of them; a test holds it to that. Letters
// follow tar1090 where it has one for the same thing.
export type Action =
  | 'help' | 'palette' | 'close' | 'home' | 'zoomIn' | 'zoomOut' | 'left' | 'right' | 'up' | 'down'
  | 'next' | 'previous' | 'follow' | 'centre' | 'labels' | 'vectors' | 'trails' | 'rings' | 'graticule' | 'airports'
  | 'measure' | 'clearLines' | 'unpin' | 'filters' | 'sensors' | 'agreements' | 'ledger' | 'table' | 'clearFilter' | 'theme'
  | 'larger' | 'smaller' | 'pause' | 'live' | 'back' | 'forward' | 'slower' | 'faster';

export interface Binding {
  /** `KeyboardEvent.key`, any of them. */
  keys: string[];
  action: Action;
  does: string;
}

export const bindings: { group: string; rows: Binding[] }[] = [
  {
    group: 'Map',
    rows: [
      { keys: ['h'], action: 'home', does: 'show all tracks and sensors' },
      { keys: ['+', '=', 'e'], action: 'zoomIn', does: 'zoom in' },
      { keys: ['-', 'q'], action: 'zoomOut', does: 'zoom out' },
      { keys: ['ArrowLeft', 'a'], action: 'left', does: 'move left' },
      { keys: ['ArrowRight', 'd'], action: 'right', does: 'move right' },
      { keys: ['ArrowUp', 'w'], action: 'up', does: 'move up' },
      { keys: ['ArrowDown', 's'], action: 'down', does: 'move down' },
      { keys: ['g'], action: 'rings', does: 'range rings of sensors' },
      { keys: ['x'], action: 'graticule', does: 'lines of latitude and longitude' },
      { keys: ['i'], action: 'airports', does: 'airports' },
    ],
  },
  {
    group: 'Tracks',
    rows: [
      { keys: ['n', ']'], action: 'next', does: 'select the next track in view' },
      { keys: ['p', '['], action: 'previous', does: 'select the track before' },
      { keys: ['c'], action: 'centre', does: 'centre on the selected track' },
      { keys: ['f'], action: 'follow', does: 'follow the selected track, or stop' },
      { keys: ['l'], action: 'labels', does: 'labels: none, short, standard, free' },
      { keys: ['v'], action: 'vectors', does: 'velocity vectors: none, 30, 60, 120, 300 s' },
      { keys: ['t'], action: 'trails', does: 'trails: none, 2, 5, 15, 60 min' },
      { keys: ['k'], action: 'unpin', does: 'let dragged labels go' },
      { keys: ['m'], action: 'measure', does: 'range and bearing: begin, then end' },
      { keys: ['Backspace'], action: 'clearLines', does: 'take away range lines' },
    ],
  },
  {
    group: 'Time',
    rows: [
      { keys: [' '], action: 'pause', does: 'pause, or go on' },
      { keys: ['.'], action: 'live', does: 'back to live' },
      { keys: ['j', 'PageDown'], action: 'back', does: '30 s back' },
      { keys: [';', 'PageUp'], action: 'forward', does: '30 s forward' },
      { keys: ['<', ','], action: 'slower', does: 'slower' },
      { keys: ['>'], action: 'faster', does: 'faster' },
    ],
  },
  {
    group: 'Panels',
    rows: [
      { keys: ['u'], action: 'filters', does: 'filters' },
      { keys: ['U'], action: 'clearFilter', does: 'clear all filters' },
      { keys: ['z'], action: 'sensors', does: 'sensors' },
      { keys: ['r'], action: 'agreements', does: 'agreements: what may leave, for whom, until when' },
      { keys: ['o'], action: 'ledger', does: 'ledger: what left, what did not, who signed' },
      { keys: ['y'], action: 'table', does: 'table of tracks' },
      { keys: ['/'], action: 'palette', does: 'command line' },
      { keys: ['?'], action: 'help', does: 'this sheet' },
      { keys: ['Escape'], action: 'close', does: 'close what is open, then deselect' },
      { keys: ['b'], action: 'theme', does: 'dark or light' },
      { keys: [')'], action: 'larger', does: 'everything larger, up to 2.0' },
      { keys: ['('], action: 'smaller', does: 'everything smaller, down to 0.8' },
    ],
  },
];

const actionOf = new Map(bindings.flatMap(({ rows }) => rows.flatMap(({ keys, action }) => keys.map((key) => [key, action] as const))));

/** What a key does; null: nothing, or it is meant for a field or with a modifier for the browser. */
export function actionFor(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>, inField: boolean): Action | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  if (inField) return event.key === 'Escape' ? 'close' : null;
  return actionOf.get(event.key) ?? null;
}

/** How a key is printed. */
export const keyName = (key: string): string => ({
  ' ': 'Space', ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓', Escape: 'Esc', PageUp: 'PgUp',
  PageDown: 'PgDn', Backspace: '⌫',
})[key] ?? key;
