import type { TurmsClient } from 'turms-client';
import type { AppState, AppStore, Toast, ToastMessage } from './store';

const toastDurationMs = 7000;
const maxToasts = 4;

/** What the controllers share: the client, the store, and the way to tell the user something in passing. */
export class Context {
  private nextToast = 1;

  constructor(
    readonly client: TurmsClient,
    readonly store: AppStore,
  ) {}

  get state(): AppState {
    return this.store.getState();
  }

  set(change: Partial<AppState>): void {
    this.store.setState(change);
  }

  toast(message: ToastMessage): void {
    const id = this.nextToast;
    this.nextToast += 1;
    const tone: Toast['tone'] = message.kind === 'error' ? 'error' : 'info';
    this.set({ toasts: [...this.state.toasts, { id, tone, message }].slice(-maxToasts) });
    setTimeout(() => this.dismissToast(id), toastDurationMs);
  }

  dismissToast(id: number): void {
    this.set({ toasts: this.state.toasts.filter((toast) => toast.id !== id) });
  }

  /** Runs an action of the user; a failure is told in passing. Returns whether it succeeded. */
  async attempt(action: () => Promise<void>): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (error) {
      this.toast({ kind: 'error', error });
      return false;
    }
  }
}
