/** What of the browser's Web Locks is used here. */
export interface Locks {
  request(
    name: string,
    options: { signal?: AbortSignal; steal?: boolean },
    whileHeld: () => Promise<void>,
  ): Promise<unknown>;
}

/** A page that was just loaded anew may have to wait a moment until the browser took the lock from what it was. */
const patienceMs = 2000;

/**
 * Sees to it that a user is signed in from one tab of a browser only. The server lets a user have one session of a
 * browser: a second tab, such as a duplicate, would end the session of the first, and its meeting, without a word.
 */
export class TabLock {
  private release: (() => void) | undefined;

  constructor(
    /** Absent where the browser has none, as on pages without https: then tabs are not told apart. */
    private readonly locks: Locks | undefined,
    /** Another tab took over, as its user wished. */
    private readonly onTaken: () => void,
  ) {}

  /** Resolves with whether this tab is now the one of the user. */
  acquire(userId: bigint, { steal = false } = {}): Promise<boolean> {
    this.drop();
    const { locks } = this;
    if (!locks) return Promise.resolve(true);
    return new Promise((resolve) => {
      let isHeld = false;
      let release = () => {};
      const whileHeld = () => {
        isHeld = true;
        const released = new Promise<void>((done) => {
          release = done;
        });
        this.release = release;
        resolve(true);
        return released;
      };
      // A lock cannot be stolen and waited for at the same time.
      const options = steal ? { steal } : { signal: AbortSignal.timeout(patienceMs) };
      locks.request(`turms.user.${userId}`, options, whileHeld).catch(() => {
        if (!isHeld) {
          resolve(false);
        } else if (this.release === release) {
          this.release = undefined;
          this.onTaken();
        }
      });
    });
  }

  drop(): void {
    this.release?.();
    this.release = undefined;
  }
}
