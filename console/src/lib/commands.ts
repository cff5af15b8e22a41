// The command line: one line of words to one thing to do. Everything here can be done by key or
// pointer as well.
import { labelStyles, trailChoices_min, vectorChoices_s, type Settings } from './settings';
import { identityTags } from './words';

export type Order =
  | { do: 'find'; text: string }
  | { do: 'go'; latitude: number; longitude: number }
  | { do: 'set'; change: Partial<Omit<Settings, 'filter'>> }
  | { do: 'filter'; change: Partial<Settings['filter']> }
  | { do: 'clear' }
  | { do: 'seek'; clock_s: number }
  | { do: 'jump'; by_s: number }
  | { do: 'speed'; speed: number }
  | { do: 'live' | 'pause' | 'play' | 'home' | 'help' | 'table' | 'sensors' | 'agreements' | 'ledger' | 'filters' }
  | { do: 'preview'; nation: string | null }
  | { do: 'fault'; text: string };

/** What can be typed, for the hints under the line. */
export const commands: { example: string; does: string }[] = [
  { example: 'find MGL501', does: 'select a track by callsign, address, code or #number' },
  { example: 'go 42.85 74.85', does: 'centre the map on a latitude and longitude' },
  { example: 'label 2', does: 'labels: 0 none, 1 short, 2 standard, 3 free; or a template: label {cs} {fl}' },
  { example: 'vec 60', does: 'velocity vectors, s: 0 30 60 120 300' },
  { example: 'trail 5', does: 'trails, min: 0 2 5 15 60' },
  { example: 'alt 0 100', does: 'show flight levels 0 to 100 only' },
  { example: 'id unk sus', does: 'show these identities only' },
  { example: 'text KGZ', does: 'show tracks with this in callsign, address or code' },
  { example: 'clear', does: 'show everything again' },
  { example: 'seek 08:30', does: 'go to a UTC time of day of the recording' },
  { example: 'jump -60', does: 'seconds back (or forward) in time' },
  { example: 'speed 4', does: 'replay speed, 0.5 to 60' },
  { example: 'live', does: 'back to live; likewise pause, play' },
  { example: 'preview RUS', does: 'the picture as a partner nation has it; preview off ends it' },
  { example: 'scale 1.2', does: 'size of everything, 0.8 to 2.0' },
  { example: 'theme light', does: 'dark or light' },
  { example: 'home', does: 'show all; likewise table, sensors, agreements, ledger, filters, help' },
];

const fault = (text: string): Order => ({ do: 'fault', text });
const numbersOf = (words: string[]): number[] => words.map((word) => (/^[+-]?\d+(\.\d+)?$/.test(word) ? Number(word) : Number.NaN));

function label(words: string[], line: string): Order {
  if (line.includes('{')) return { do: 'set', change: { label: 'free', template: line.slice(line.indexOf(' ') + 1).trim().slice(0, 120) } };
  const style = labelStyles[Number(words[0])] ?? labelStyles.find((name) => name === words[0]);
  return style === undefined ? fault('label: 0 to 3, none, short, standard, free, or a template') : { do: 'set', change: { label: style } };
}

function seek(word: string | undefined): Order {
  const match = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(word ?? '');
  if (match === null) return fault('seek: a UTC time such as 08:30 or 08:30:15');
  const [hours, minutes, seconds] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
  if (hours > 23 || minutes > 59 || seconds > 59) return fault('seek: there is no such time of day');
  return { do: 'seek', clock_s: hours * 3600 + minutes * 60 + seconds };
}

function identities(words: string[]): Order {
  const found = words.map((word) => identityTags.indexOf(word.toUpperCase() as never));
  if (found.length === 0 || found.includes(-1)) return fault(`id: any of ${identityTags.join(' ').toLowerCase()}`);
  return { do: 'filter', change: { identities: found } };
}

function choice(name: string, value: number | undefined, choices: readonly number[], make: (value: number) => Order): Order {
  return value !== undefined && choices.includes(value) ? make(value) : fault(`${name}: one of ${choices.join(' ')}`);
}

function between(name: string, value: number | undefined, low: number, high: number, make: (value: number) => Order): Order {
  return value !== undefined && value >= low && value <= high ? make(value) : fault(`${name}: ${low} to ${high}`);
}

/** Reads one line. A line that is no command is taken for something to find. */
export function parse(line: string): Order {
  const [first = '', ...words] = line.trim().split(/\s+/);
  const numbers = numbersOf(words);
  const [a, b] = numbers;
  switch (first.toLowerCase()) {
    case '': return fault('type a command, or what to find');
    case 'find': return words.length > 0 ? { do: 'find', text: words.join(' ').toUpperCase() } : fault('find: what?');
    case 'go':
      return a !== undefined && b !== undefined && Math.abs(a) <= 85 && Math.abs(b) <= 180
        ? { do: 'go', latitude: a, longitude: b } : fault('go: latitude and longitude in degrees');
    case 'label': return label(words, line.trim());
    case 'vec': return choice('vec', a, vectorChoices_s, (vector_s) => ({ do: 'set', change: { vector_s } }));
    case 'trail': return choice('trail', a, trailChoices_min, (trail_min) => ({ do: 'set', change: { trail_min } }));
    case 'alt':
      return a !== undefined && b !== undefined && a >= 0 && b >= a
        ? { do: 'filter', change: { low: Math.round(a), high: Math.round(b) } } : fault('alt: two flight levels, the lower first');
    case 'id': return identities(words);
    case 'text': return { do: 'filter', change: { text: words.join(' ') } };
    case 'seek': return seek(words[0]);
    case 'jump': return a === undefined || Number.isNaN(a) ? fault('jump: seconds, such as -60') : { do: 'jump', by_s: a };
    case 'speed': return between('speed', a, 0.5, 60, (speed) => ({ do: 'speed', speed }));
    case 'scale': return between('scale', a, 0.8, 2, (scale) => ({ do: 'set', change: { scale } }));
    case 'theme':
      return words[0] === 'dark' || words[0] === 'light' ? { do: 'set', change: { theme: words[0] } } : fault('theme: dark or light');
    case 'preview':
      if (words[0]?.toLowerCase() === 'off') return { do: 'preview', nation: null };
      return /^[a-z]{3}$/i.test(words[0] ?? '') ? { do: 'preview', nation: words[0]!.toUpperCase() } : fault('preview: a nation such as RUS, or off');
    case 'clear': return { do: 'clear' };
    case 'live': case 'pause': case 'play': case 'home': case 'help': case 'table': case 'sensors': case 'agreements': case 'ledger': case 'filters':
      return { do: first.toLowerCase() as 'live' };
    default: return { do: 'find', text: line.trim().toUpperCase() };
  }
}
