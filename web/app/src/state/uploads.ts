import { attachmentText, TurmsError } from 'turms-client';
import type { Context } from './context';
import { type ConversationKey, refOf } from './conversationKey';
import { withEntry } from './store';
import type { WritingController } from './writing';

/** A file on its way into a conversation. */
export interface Upload {
  id: number;
  file: File;
  name: string;
  /** `chosen`: looked at before it is sent. `waiting`: behind others that are being sent. */
  state: 'chosen' | 'waiting' | 'sending' | 'failed' | 'tooLarge';
  /** How much has left, between 0 and 1. */
  part: number;
}

/** So many are sent at once. */
const maxAtOnce = 3;
/** HTTP's, of an upload. */
const contentTooLarge = 413;

/** Files that were chosen: looked at, sent several at once, given up, and tried again. */
export class UploadsController {
  private nextId = 1;
  private readonly running = new Map<number, AbortController>();
  /** Settles when all that began before is sent or is not sent after all: messages come in the order of their files. */
  private readonly before = new Map<ConversationKey, Promise<void>>();

  constructor(
    private readonly context: Context,
    private readonly writing: Pick<WritingController, 'send'>,
  ) {}

  /** Shows the files; they are sent when the user says so. */
  choose(key: ConversationKey, files: readonly File[]): void {
    const chosen = files.map((file): Upload => {
      const id = this.nextId++;
      return { id, file, name: file.name || 'file', state: 'chosen', part: 0 };
    });
    this.change(key, (uploads) => [...uploads, ...chosen]);
  }

  /** Sends what is chosen, each as a message when it is there. Resolves when nothing of it is on its way any more. */
  async start(key: ConversationKey): Promise<void> {
    this.change(key, (uploads) => uploads.map((each) => (each.state === 'chosen' ? { ...each, state: 'waiting' } : each)));
    await this.sendWaiting(key);
  }

  async retry(key: ConversationKey, id: number): Promise<void> {
    this.put(key, id, { state: 'waiting', part: 0 });
    await this.sendWaiting(key);
  }

  /** It is not sent after all. */
  cancel(key: ConversationKey, id: number): void {
    this.change(key, (uploads) => uploads.filter((each) => each.id !== id));
    this.running.get(id)?.abort();
  }

  /** The session is over. */
  reset(): void {
    for (const running of this.running.values()) running.abort();
  }

  private async sendWaiting(key: ConversationKey): Promise<void> {
    const sendOne = async (): Promise<void> => {
      for (;;) {
        const next = this.of(key).find(({ state }) => state === 'waiting');
        if (!next || this.running.size >= maxAtOnce) return;
        await this.send(key, next);
      }
    };
    await Promise.all(Array.from({ length: maxAtOnce }, sendOne));
  }

  private async send(key: ConversationKey, { id, file, name }: Upload): Promise<void> {
    const running = new AbortController();
    this.running.set(id, running);
    this.put(key, id, { state: 'sending' });
    const before = this.before.get(key);
    let end = () => {};
    const ended = new Promise<void>((resolve) => (end = resolve));
    this.before.set(key, Promise.all([before, ended]).then(() => {}));
    try {
      const attachment = await this.context.client.storage.upload(refOf(key), file, name, {
        signal: running.signal,
        onProgress: (part) => this.put(key, id, { part }),
      });
      await before;
      // Cancelled when all of it had left: nobody hears of it, and the server drops what is in no message.
      if (running.signal.aborted) return;
      this.change(key, (uploads) => uploads.filter((each) => each.id !== id));
      await this.writing.send(key, attachmentText(attachment));
    } catch (error) {
      if (running.signal.aborted) return;
      const isTooLarge = error instanceof TurmsError && error.code === contentTooLarge;
      this.put(key, id, { state: isTooLarge ? 'tooLarge' : 'failed' });
    } finally {
      this.running.delete(id);
      end();
    }
  }

  private of(key: ConversationKey): readonly Upload[] {
    return this.context.state.uploads.get(key) ?? [];
  }

  private put(key: ConversationKey, id: number, change: Partial<Upload>): void {
    this.change(key, (uploads) => uploads.map((each) => (each.id === id ? { ...each, ...change } : each)));
  }

  private change(key: ConversationKey, change: (uploads: readonly Upload[]) => readonly Upload[]): void {
    const uploads = change(this.of(key));
    this.context.set({ uploads: withEntry(this.context.state.uploads, key, uploads.length === 0 ? undefined : uploads) });
  }
}
