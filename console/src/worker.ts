// The worker: holds the link to the node, decodes, keeps tracks and trails, places labels. The page
// gets finished arrays, so that drawing never waits for the wire.
import { MessageKind, unknownTotal } from './generated/schema';
import { declutter } from './map/declutter';
import { decode, WireProblem } from './wire/decode';
import type { Command, FromWorker, NodeMessage, ToWorker } from './wire/messages';
import { TrackStore } from './wire/store';
import { TrailStore } from './wire/trails';

const tracks = new TrackStore();
const trails = new TrailStore();
const retryMost_ms = 8000;

let socket: WebSocket | null = null;
let attempt = 0;
let sequence = 0;

function tell(message: FromWorker, buffers: Transferable[] = []): void {
  postMessage(message, { transfer: buffers });
}

function connect(url: string): void {
  attempt += 1;
  tell({ kind: 'link', state: 'connecting', attempt });
  socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => {
    attempt = 0;
    tell({ kind: 'link', state: 'open', attempt });
  };
  socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
    if (typeof event.data === 'string') tell({ kind: 'node', message: JSON.parse(event.data) as NodeMessage });
    else receive(event.data);
  };
  socket.onclose = () => {
    socket = null;
    tell({ kind: 'link', state: 'lost', attempt });
    const wait_ms = Math.min(retryMost_ms, 500 * 2 ** Math.min(attempt, 5)) * (0.75 + Math.random() / 2);
    setTimeout(() => connect(url), wait_ms);
  };
}

function receive(bytes: ArrayBuffer): void {
  try {
    const message = decode(bytes);
    if (message.trails !== null) {
      trails.take(message.trails, message.rows);
      return;
    }
    const snapshot = message.kind === MessageKind.SNAPSHOT;
    if (snapshot) trails.clear();
    else if (message.sequence < sequence) return;
    sequence = message.sequence;
    tracks.apply(message);
    trails.forget(message.removed);
    if (message.tracks !== null) trails.note(message.tracks, message.rows);
    if (message.total !== unknownTotal && tracks.rows !== message.total) {
      // A lost message would leave ghosts on the screen: start again from a snapshot.
      tell({ kind: 'problem', text: `${tracks.rows} tracks here, ${message.total} at the node: reconnecting` });
      socket?.close();
      return;
    }
    const { tracks: copied, buffers } = tracks.copy();
    tell({
      kind: 'picture', tracks: copied, rows: tracks.rows, world: message.world, now_ms: message.now_ms,
      sequence: message.sequence, snapshot, bytes: bytes.byteLength,
    }, buffers);
  } catch (problem) {
    if (!(problem instanceof WireProblem)) throw problem;
    tell({ kind: 'problem', text: problem.message });
  }
}

function say(command: Command): void {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(command));
}

onmessage = ({ data }: MessageEvent<ToWorker>) => {
  switch (data.kind) {
    case 'connect':
      connect(data.url);
      break;
    case 'command':
      say(data.command);
      break;
    case 'trails': {
      const lines = trails.lines(data);
      tell({ kind: 'trails', ...lines }, [lines.sources.buffer, lines.ends.buffer, lines.dots.buffer] as Transferable[]);
      break;
    }
    case 'declutter':
      tell({ kind: 'labels', ticket: data.ticket, places: declutter(data.boxes, data.gap) });
      break;
  }
};
