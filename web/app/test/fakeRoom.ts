// The media of a meeting is a browser's business: here a room that only says that it is one. A test file takes it by
// vi.mock('../src/meeting/room', () => import('./fakeRoom')).
type GoneReason = 'connection' | 'server' | 'removed';

/** Those that were made in the running test, in order. */
export const rooms: { url: string; token: string; left: boolean; gone: (reason: GoneReason) => void }[] = [];
/** Why the next rooms cannot be connected to. */
export const roomFailures: Error[] = [];

export class MeetingRoom {
  private readonly record: (typeof rooms)[number];
  constructor(gone: (reason: GoneReason) => void) {
    this.record = { url: '', token: '', left: false, gone };
    rooms.push(this.record);
  }
  async connect(url: string, token: string) {
    const failure = roomFailures.shift();
    if (failure) throw failure;
    Object.assign(this.record, { url, token });
  }
  setReceiving() {}
  async startDevices() {}
  async leave() {
    this.record.left = true;
  }
}
