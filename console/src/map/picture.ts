// The picture as it was last received, in typed arrays: which rows the filter shows, what each is
// called, where each is at a given time. No framework knows of it.
import { PlotFlag, TrackState, absentAddress, absentCode, type ConsoleTracks, type World } from '../generated/schema';
import { filterIsOn, type Filter } from '../lib/settings';
import { addressText, ageText, climbArrow, codeText, courseText, flightLevel, levelText, speedText } from '../lib/units';
import { identityTags } from '../lib/words';
import { noTracks } from '../wire/store';

/** How a track is drawn by its age: filled, dashed after two scans, hollow after five. */
export const ageFresh = 0;
export const ageDashed = 1;
export const ageHollow = 2;

const metresPerDegree = 111_195;
/** Beyond this without a message nothing is moved on: the picture is stale and must look it. */
const aheadMost_s = 10;

export class Picture {
  tracks: ConsoleTracks = noTracks();
  rows = 0;
  world: World = 'live';
  now_ms = 0;
  sequence = 0;
  /** `performance.now()` when it came. */
  received = 0;
  /** How fast its time runs: 0 when paused. */
  speed = 1;
  /** Tracks stay where they were told to be, as in what a partner has. */
  still = false;
  /** Rows that the filter shows; the first `shownCount` cells count. */
  shown = new Int32Array(0);
  shownCount = 0;
  /** The same by row: 1 if shown. */
  isShown = new Uint8Array(0);
  private readonly rowByNumber = new Map<number, number>();
  /** Usual time between plots, s, from the sensors. */
  scan_s = 5;

  take(tracks: ConsoleTracks, rows: number, world: World, now_ms: number, sequence: number): void {
    Object.assign(this, { tracks, rows, world, now_ms, sequence, received: performance.now() });
    this.rowByNumber.clear();
    for (let row = 0; row < rows; row += 1) this.rowByNumber.set(tracks.system_track_number[row]!, row);
  }

  /** UTC ms that the screen shows now. */
  time(): number {
    const since_s = Math.min((performance.now() - this.received) / 1000, aheadMost_s);
    return this.now_ms + since_s * 1000 * this.speed;
  }

  get hidden(): number {
    return this.rows - this.shownCount;
  }

  /** Choose the rows to show. Emergencies and the selected track are never hidden. */
  filter(filter: Filter, selected: number | null): void {
    if (this.shown.length < this.rows) {
      this.shown = new Int32Array(this.rows * 2);
      this.isShown = new Uint8Array(this.rows * 2);
    }
    this.isShown.fill(0);
    const on = filterIsOn(filter);
    const text = filter.text.trim().toUpperCase();
    let count = 0;
    for (let row = 0; row < this.rows; row += 1) {
      if (!on || this.passes(row, filter, text) || this.tracks.system_track_number[row] === selected) {
        this.shown[count] = row;
        this.isShown[row] = 1;
        count += 1;
      }
    }
    this.shownCount = count;
  }

  private passes(row: number, filter: Filter, text: string): boolean {
    const { tracks } = this;
    if (tracks.flags[row]! & PlotFlag.EMERGENCY) return true;
    const level = flightLevel(tracks.mode_c_m[row]!);
    // A track of unknown height may be in any band, so a band does not hide it.
    if ((filter.low !== null && level < filter.low) || (filter.high !== null && level > filter.high)) return false;
    if (filter.identities !== null && !filter.identities.includes(tracks.identity[row]!)) return false;
    if (filter.states !== null && !filter.states.includes(tracks.state[row]!)) return false;
    if (filter.sensors !== null && !filter.sensors.some((place) => this.fedBy(row, place))) return false;
    return text === '' || this.matches(row, text);
  }

  fedBy(row: number, place: number): boolean {
    return ((this.tracks.sensors[2 * row + (place >> 5)]! >>> (place & 31)) & 1) === 1;
  }

  /** Whether the text (upper case) is in its callsign, address, code or number. */
  matches(row: number, text: string): boolean {
    return this.callsign(row).includes(text) || this.address(row).includes(text) || this.code(row).includes(text)
      || `#${this.tracks.system_track_number[row]}`.includes(text);
  }

  /** The row of a track number, or -1. */
  rowOf(number: number | null): number {
    return number === null ? -1 : (this.rowByNumber.get(number) ?? -1);
  }

  callsign(row: number): string {
    const { callsign } = this.tracks;
    let text = '';
    for (let at = 8 * row; at < 8 * row + 8 && callsign[at] !== 0; at += 1) text += String.fromCharCode(callsign[at]!);
    return text.trim();
  }

  address(row: number): string {
    const address = this.tracks.icao_address[row]!;
    return address === absentAddress ? '' : addressText(address);
  }

  code(row: number): string {
    const code = this.tracks.mode_3a[row]!;
    return code === absentCode ? '' : codeText(code);
  }

  /** What a person calls it: callsign, else Mode 3/A code, else track number. */
  title(row: number): string {
    return this.callsign(row) || (this.code(row) && `A${this.code(row)}`) || `#${this.tracks.system_track_number[row]}`;
  }

  speed_ms(row: number): number {
    return Math.hypot(this.tracks.velocity_east_ms[row]!, this.tracks.velocity_north_ms[row]!);
  }

  heading_deg(row: number): number {
    const course = Math.atan2(this.tracks.velocity_east_ms[row]!, this.tracks.velocity_north_ms[row]!);
    return ((course * 180) / Math.PI + 360) % 360;
  }

  /** Time of its last plot; where a partner is not told, that of its state. */
  updated_ms(row: number): number {
    return this.tracks.updated_ms[row]! || this.tracks.time_ms[row]!;
  }

  ageClass(row: number, time_ms: number): number {
    const age_s = (time_ms - this.updated_ms(row)) / 1000;
    if (age_s > 5 * this.scan_s) return ageHollow;
    return age_s > 2 * this.scan_s || this.tracks.state[row] === TrackState.COASTING ? ageDashed : ageFresh;
  }

  /** Longitude and latitude of a row at a time, moved on along its velocity; from where it was told to be, if it stays there. */
  place(row: number, time_ms: number): [number, number] {
    const { tracks } = this;
    const latitude = tracks.latitude_deg[row]!;
    const ahead_s = (time_ms - (this.still ? this.time() : tracks.time_ms[row]!)) / 1000;
    const perDegree = metresPerDegree * Math.max(0.05, Math.cos((latitude * Math.PI) / 180));
    return [
      // A partner may not be given a velocity; then a track stays where it was.
      tracks.longitude_deg[row]! + ((tracks.velocity_east_ms[row]! || 0) * ahead_s) / perDegree,
      latitude + ((tracks.velocity_north_ms[row]! || 0) * ahead_s) / metresPerDegree,
    ];
  }

  /** A template filled in for a row; `|` begins a new line. */
  label(row: number, template: string, owner: string, time_ms: number): string[] {
    return template.split('|').map((line) => line.replace(/\{(\w+)\}/g, (whole, word: string) => {
      switch (word) {
        case 'cs': return this.title(row);
        case 'id': return identityTags[this.tracks.identity[row]!] ?? '';
        case 'fl': return levelText(this.tracks.mode_c_m[row]!);
        case 'vs': return climbArrow(this.tracks.vertical_rate_ms[row]!);
        case 'gs': return speedText(this.speed_ms(row));
        case 'hdg': return courseText(this.heading_deg(row));
        case 'm3': return this.code(row) || '----';
        case 'adr': return this.address(row);
        case 'num': return `#${this.tracks.system_track_number[row]}`;
        case 'owner': return owner;
        // Only of a track that has missed its plots: on all others it would be noise.
        case 'age': return this.ageClass(row, time_ms) === ageFresh ? '' : ageText((time_ms - this.updated_ms(row)) / 1000);
        default: return whole;
      }
    }).trimEnd()).filter((line) => line !== '');
  }
}
