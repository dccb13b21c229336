import { TurmsError } from './errors.js';
import { type ChatMessage, toChatMessage } from './models.js';
import type { TurmsNotification } from './gen/turms/notification_pb.js';
import type { RequestKind } from './wire.js';

export interface ResumeEvents {
  /**
   * Everything that was delivered while there was no connection has been emitted. When `complete` is false there was
   * more than this client fetches by itself, or the fetching failed: conversations should be loaded anew.
   */
  resumed: { complete: boolean };
}

type Send = (kind: RequestKind) => Promise<TurmsNotification>;

/** Message ids remembered to tell new messages from those already emitted. */
const maxRememberedIds = 4096;
const pageSize = 200;
const maxPageSize = 1000;
const maxPages = 20;
/** Covers the difference between the clocks of the node that stamps messages and the node that we talk to. */
const overlapMs = 30_000;

/**
 * Finds what was delivered while there was no connection. A connection delivers in order, so whatever carries a date
 * before the last thing we heard is known; the query goes back a little further than that, and what is already known is
 * left out by its id.
 */
export class Resume {
  private readonly remembered = new Set<bigint>();
  private lastServerTime = 0;
  /** Where the next catching up starts. */
  private heardUntil = 0;
  /** Whether everything up to `lastServerTime` has been emitted. */
  private caughtUp = false;
  private isFirst = true;

  constructor(
    private readonly onMessage: (message: ChatMessage) => void,
    private readonly onResumed: (resumed: ResumeEvents['resumed']) => void,
  ) {}

  reset(): void {
    this.remembered.clear();
    this.lastServerTime = 0;
    this.heardUntil = 0;
    this.caughtUp = false;
    this.isFirst = true;
  }

  noteServerTime(time: number): void {
    this.lastServerTime = Math.max(this.lastServerTime, time);
  }

  /** Remembers the id; false when it was remembered already. */
  isNew(id: bigint): boolean {
    if (this.remembered.has(id)) return false;
    this.remembered.add(id);
    if (this.remembered.size > maxRememberedIds) {
      const oldest = this.remembered.values().next().value;
      if (oldest !== undefined) this.remembered.delete(oldest);
    }
    return true;
  }

  /** To be called when a connection ended. */
  noteEnd(): void {
    if (this.caughtUp) this.heardUntil = this.lastServerTime;
    this.caughtUp = false;
  }

  /** To be called when a session was established; on the first one there is nothing to catch up with. */
  async run(send: Send): Promise<void> {
    if (this.isFirst) {
      this.isFirst = false;
      this.caughtUp = true;
      return;
    }
    const since = Math.max(0, this.heardUntil - overlapMs);
    let complete = true;
    for (const areGroupMessages of [true, false]) {
      try {
        if (!(await this.catchUp(send, areGroupMessages, since))) complete = false;
      } catch (error) {
        // The connection went again: the next one starts from the same point.
        if (error instanceof TurmsError && error.kind !== 'refused') return;
        complete = false;
      }
    }
    this.caughtUp = true;
    this.onResumed({ complete });
  }

  private async catchUp(send: Send, areGroupMessages: boolean, since: number): Promise<boolean> {
    let start = since;
    let size = pageSize;
    for (let page = 0; page < maxPages; page += 1) {
      const answer = await send({
        case: 'queryMessagesRequest',
        value: { areGroupMessages, deliveryDateStart: BigInt(start), maxCount: size, descending: false },
      });
      const data = answer.data?.kind;
      const messages =
        data?.case === 'messages'
          ? data.value.messages.map(toChatMessage).filter((message) => message !== undefined)
          : [];
      for (const message of messages) {
        if (this.isNew(message.id)) this.onMessage(message);
      }
      if (messages.length < size) return true;
      const last = messages.at(-1)!.sentAt;
      if (last === start) {
        // A whole page within one millisecond: the start cannot move, so the page must grow.
        if (size === maxPageSize) return false;
        size = maxPageSize;
      }
      start = last;
    }
    return false;
  }
}
