// Web Mercator of a map that is neither turned nor tilted: degrees to pixels of the screen without
// asking the map, fast enough for every track in every frame.
export class Projection {
  private x = 0.5;
  private y = 0.5;
  private scale = 512;

  constructor(public width = 1, public height = 1) {}

  set(longitude: number, latitude: number, zoom: number, width: number, height: number): void {
    this.x = (longitude + 180) / 360;
    this.y = mercator(latitude);
    this.scale = 512 * 2 ** zoom;
    this.width = width;
    this.height = height;
  }

  /** Screen position, px from the top left corner, of the copy of the point nearest the centre. */
  project(longitude: number, latitude: number): [number, number] {
    let across = (longitude + 180) / 360 - this.x;
    across -= Math.round(across);
    return [across * this.scale + this.width / 2, (mercator(latitude) - this.y) * this.scale + this.height / 2];
  }

  /** Metres on the ground under one pixel at a latitude. */
  metresPerPixel(latitude: number): number {
    return (40_075_016.7 * Math.cos((latitude * Math.PI) / 180)) / this.scale;
  }

  sees(x: number, y: number, margin: number): boolean {
    return x > -margin && y > -margin && x < this.width + margin && y < this.height + margin;
  }
}

function mercator(latitude: number): number {
  const clipped = Math.max(-85.0511, Math.min(85.0511, latitude));
  const sine = Math.sin((clipped * Math.PI) / 180);
  return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
}
