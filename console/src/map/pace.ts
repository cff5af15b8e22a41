// Keeps the page from asking more of the graphics processor than it can do: a slow one gets fewer
// frames, never a queue of them that freezes the page.

/** Of the time, the most that drawing may take; the rest is for the map under it and the panels. */
const shareMost = 0.5;

export class Pace {
  private fence: WebGLSync | null = null;
  private context: WebGL2RenderingContext | null = null;
  private started = 0;
  private notBefore = 0;

  /** The overlay has handed over a frame. */
  drawn(canvas: HTMLCanvasElement | null): void {
    this.context ??= canvas?.getContext('webgl2') ?? null;
    if (this.context === null || this.fence !== null) return;
    this.fence = this.context.fenceSync(this.context.SYNC_GPU_COMMANDS_COMPLETE, 0);
    this.context.flush();
    this.started = performance.now();
  }

  /** Whether the frame before is done, and the processor has had its rest. */
  free(now: number): boolean {
    const { context, fence } = this;
    if (context !== null && fence !== null) {
      if (context.getSyncParameter(fence, context.SYNC_STATUS) !== context.SIGNALED && !context.isContextLost()) return false;
      context.deleteSync(fence);
      this.fence = null;
      const took_ms = now - this.started;
      this.notBefore = this.started + took_ms / shareMost;
    }
    return now >= this.notBefore;
  }
}
