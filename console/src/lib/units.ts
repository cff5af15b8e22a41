// Units as controllers read them. Inside, the page keeps what the wire brings: degrees, metres,
// metres per second, milliseconds UTC.
export const metresPerFoot = 0.3048;
export const metresPerMile = 1852;
/** Knots, and degrees of a course; dashes where they are not known. */
export const speedText = (speed_ms: number): string => (Number.isNaN(speed_ms) ? '---' : String(Math.round(knots(speed_ms))));
export const courseText = (course_deg: number): string =>
  Number.isNaN(course_deg) ? '---' : String(Math.round(course_deg) % 360).padStart(3, '0');

export const knots = (speed_ms: number): number => (speed_ms * 3600) / metresPerMile;
export const flightLevel = (mode_c_m: number): number => mode_c_m / metresPerFoot / 100;
export const feetPerMinute = (rate_ms: number): number => (rate_ms / metresPerFoot) * 60;

const two = (value: number): string => String(value).padStart(2, '0');
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `F350`; below FL 50 too, since no local pressure is known. `---` if absent. */
export const levelText = (mode_c_m: number): string =>
  Number.isNaN(mode_c_m) ? '---' : `F${String(Math.max(0, Math.round(flightLevel(mode_c_m)))).padStart(3, '0')}`;

export const codeText = (mode_3a: number): string => mode_3a.toString(8).padStart(4, '0');
export const addressText = (address: number): string => address.toString(16).toUpperCase().padStart(6, '0');

/** Arrow for climb or descent of more than 1.5 m/s (300 ft/min). */
export const climbArrow = (rate_ms: number): string => (rate_ms > 1.5 ? '↑' : rate_ms < -1.5 ? '↓' : '');

export const bearingText = (degrees: number): string => `${String(Math.round(degrees + 360) % 360).padStart(3, '0')}°`;

export function timeText(time_ms: number): string {
  const time = new Date(time_ms);
  return `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())}`;
}

export function dateText(time_ms: number): string {
  const time = new Date(time_ms);
  return `${two(time.getUTCDate())} ${months[time.getUTCMonth()]} ${time.getUTCFullYear()}`;
}

/** `4 s`, `3 min 05 s`, `2 h 10 min`. */
export function ageText(age_s: number): string {
  if (!Number.isFinite(age_s)) return '—';
  const whole = Math.max(0, Math.round(age_s));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** `42°51.2′N 074°50.8′E`. */
export function positionText(latitude_deg: number, longitude_deg: number): string {
  const part = (value: number, width: number, letters: string): string => {
    const minutes = Math.round(Math.abs(value) * 600);
    const whole = String(Math.floor(minutes / 600)).padStart(width, '0');
    return `${whole}°${((minutes % 600) / 10).toFixed(1).padStart(4, '0')}′${letters[value < 0 ? 1 : 0]}`;
  };
  return `${part(latitude_deg, 2, 'NS')} ${part(longitude_deg, 3, 'EW')}`;
}

const radians = Math.PI / 180;
const earth_m = 6_371_008.8;

/** Great-circle distance, m, and first bearing, degrees from true north, on a sphere. */
export function rangeAndBearing(
  from: { latitude: number; longitude: number }, to: { latitude: number; longitude: number },
): { range_m: number; bearing_deg: number } {
  const [a, b] = [from.latitude * radians, to.latitude * radians];
  const across = (to.longitude - from.longitude) * radians;
  const half = Math.sin((b - a) / 2) ** 2 + Math.cos(a) * Math.cos(b) * Math.sin(across / 2) ** 2;
  const bearing = Math.atan2(Math.sin(across) * Math.cos(b),
    Math.cos(a) * Math.sin(b) - Math.sin(a) * Math.cos(b) * Math.cos(across));
  return { range_m: 2 * earth_m * Math.asin(Math.min(1, Math.sqrt(half))), bearing_deg: (bearing / radians + 360) % 360 };
}

/** The point at a distance and bearing, on a sphere. */
export function destination(
  latitude: number, longitude: number, range_m: number, bearing_deg: number,
): { latitude: number; longitude: number } {
  const [a, along, course] = [latitude * radians, range_m / earth_m, bearing_deg * radians];
  const b = Math.asin(Math.sin(a) * Math.cos(along) + Math.cos(a) * Math.sin(along) * Math.cos(course));
  const across = Math.atan2(Math.sin(course) * Math.sin(along) * Math.cos(a), Math.cos(along) - Math.sin(a) * Math.sin(b));
  return { latitude: b / radians, longitude: longitude + across / radians };
}
