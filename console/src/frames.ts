// Counts the main thread's own work, frame by frame: all animation callbacks of one frame and the
// message handlers since the frame before. Read by tests through `window.__jointsky.frame`.
const kept = 600;
const work_ms = new Float64Array(kept);
let frames = 0;
let current_ms = 0;
let currentFrame = -1;

function close(): void {
  work_ms[frames % kept] = current_ms;
  frames += 1;
  current_ms = 0;
}

/** Count the time of `work` into the present frame. */
export function counted<T>(work: () => T): T {
  const start = performance.now();
  try {
    return work();
  } finally {
    current_ms += performance.now() - start;
  }
}

/** From now on every animation callback of the page is counted. Call before anything draws. */
export function watchFrames(): void {
  const request = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (callback) => request((time) => {
    if (time !== currentFrame) {
      close();
      currentFrame = time;
    }
    counted(() => callback(time));
  });
}

/** Forget what was counted so far. */
export function forgetFrames(): void {
  frames = 0;
}

/** Milliseconds of main-thread work a frame: median, 95th percentile, most, of the last 600. */
export function frameWork(): { frames: number; p50_ms: number; p95_ms: number; most_ms: number } {
  const count = Math.min(frames, kept);
  const sorted = work_ms.slice(0, count).sort();
  const at = (share: number): number => sorted[Math.min(count - 1, Math.floor(share * count))] ?? 0;
  return { frames, p50_ms: at(0.5), p95_ms: at(0.95), most_ms: at(1) };
}
