import { type ChatMessage, type Credentials, StatusCode, TurmsClient, TurmsError } from 'turms-client';
import { ContactsController } from './contacts';
import { Context } from './context';
import { type ConversationKey, groupIdOf, groupKey, keyOfMessage } from './conversationKey';
import { ConversationsController } from './conversations';
import { GroupsController } from './groups';
import { MeetingsController } from './meetings';
import type { Notice } from './notices';
import { Outbox } from './outbox';
import { type AppState, type AppStore, initialState } from './store';
import { switchNotifications } from './preferences';
import { takeSingleSignOn } from './singleSignOn';
import { type Locks, TabLock } from './tabLock';
import { forgetDrafts, forgetUserId, knownName, knownUserId, loadDrafts, loadSession, rememberUserId, saveSession } from './storage';
import { UploadsController } from './uploads';
import { WritingController } from './writing';

export interface AppOptions {
  client: TurmsClient;
  store: AppStore;
  /** Where to connect for media when the server does not say. */
  mediaUrl: string;
  /** Pauses before the tries to come back into a meeting whose server went away. */
  rejoinPausesMs?: readonly number[];
  /** Something happened that is to be told when nobody looks at the page. */
  notify?: (notice: Notice) => void;
  /** The browser's locks, which the tabs of one user tell each other apart by. */
  locks?: Locks | undefined;
  /** Whether the page was loaded by coming back from the single sign-on, and how that went. */
  cameBack?: () => 'done' | 'failed' | undefined;
  /** Shows the meeting of the group. */
  showMeeting: (groupId: bigint) => void;
  /** Shows what somebody sees first who signs in. */
  showStart: () => void;
}

/** Nobody typed anything wrong: what the tab remembered has ended, so the page just asks. */
function isEndedToken(credentials: Credentials, error: unknown): boolean {
  const refused = error instanceof TurmsError && error.code === StatusCode.AuthenticationFailed;
  return refused && credentials.password === undefined;
}

const maxUserId = 2n ** 63n - 1n;

function parseUserId(text: string): bigint | undefined {
  if (!/^\d{1,19}$/.test(text)) return undefined;
  const id = BigInt(text);
  return id > 0n && id <= maxUserId ? id : undefined;
}

/** Everything that the page does, wired together: views call this, and look at the store. */
export class App {
  readonly groups: GroupsController;
  readonly contacts: ContactsController;
  readonly conversations: ConversationsController;
  readonly writing: WritingController;
  readonly uploads: UploadsController;
  readonly meetings: MeetingsController;
  private readonly context: Context;
  private readonly tabLock: TabLock;
  private signIns = 0;
  /** Grows with each sign-in and each end of a session, so that what an abandoned one still brings is told apart. */
  private attempt = 0;
  /** Who would be signed in here, when the user says that it is to be in this tab. */
  private credentials: (Credentials & { isRestore: boolean }) | undefined;

  constructor(private readonly options: AppOptions) {
    const { client, store } = options;
    this.context = new Context(client, store);
    this.tabLock = new TabLock(options.locks, () => this.yieldToOtherTab());
    this.groups = new GroupsController(
      this.context,
      (groupId) => {
        this.conversations.ensure(groupKey(groupId));
        void this.meetings.refresh(groupId);
      },
      (groupId) => this.meetings.noteGroupRemoved(groupId),
    );
    this.contacts = new ContactsController(this.context, this.groups);
    const outbox = new Outbox();
    this.conversations = new ConversationsController(
      this.context,
      this.groups,
      outbox,
      (message) => this.noteArrived(message),
      (key) => void this.writing.sendWaitingOf(key),
    );
    this.writing = new WritingController(this.context, this.conversations, outbox);
    this.uploads = new UploadsController(this.context, this.writing);
    this.meetings = new MeetingsController(
      this.context,
      this.groups,
      options.showMeeting,
      (groupId) => void this.conversations.load(groupKey(groupId)),
      options.mediaUrl,
      ({ groupId, creatorId: callerId }) => {
        if (groupId !== undefined) options.notify?.({ kind: 'call', groupId, callerId });
      },
      options.rejoinPausesMs,
    );
    client.on('state', (connection) => {
      this.context.set({ connection, reconnectAt: client.nextAttemptAt });
      if (connection === 'online') void this.afterSignIn();
    });
    client.on('sessionToken', ({ userId, sessionToken }) => {
      // A name that was typed is this user's.
      this.context.set({ me: userId });
      this.credentials = { userId, sessionToken, isRestore: this.credentials?.isRestore ?? false };
      saveSession({ userId: `${userId}`, sessionToken });
    });
    client.on('closed', ({ willReconnect, closeStatus, code, reason }) => {
      if (willReconnect || this.context.state.phase !== 'signedIn') return;
      const error = code === undefined ? undefined : new TurmsError('refused', 'The session ended', code, reason);
      this.reset({
        lastName: this.nameOf(this.context.state.me),
        ...(closeStatus !== undefined && { closeStatus }),
        ...(error && { signInError: error }),
      });
    });
  }

  /** Signs in who has just come back from the single sign-on, or with what the tab remembers; what the page does first. */
  async restore(): Promise<void> {
    const arrival = this.options.cameBack?.();
    if (arrival !== undefined) {
      const signedOn = arrival === 'done' ? await takeSingleSignOn() : undefined;
      if (signedOn) {
        saveSession({ userId: `${signedOn.userId}`, sessionToken: signedOn.sessionToken });
      } else {
        this.context.set({ singleSignOnFailed: true });
        return;
      }
    }
    const stored = loadSession();
    if (!stored) return;
    await this.signInAs({ userId: BigInt(stored.userId), sessionToken: stored.sessionToken }, true);
  }

  /** By name, or by number where somebody knows it. */
  signIn(who: string, password: string): Promise<void> {
    const userId = parseUserId(who) ?? knownUserId(who);
    return this.signInAs(userId === undefined ? { userId: 0n, userName: who, password } : { userId, password }, false, false, who);
  }

  async signOut(): Promise<void> {
    await this.meetings.leave();
    this.context.client.signOut();
    this.writing.forgetUnsent();
    this.reset();
  }

  /** The network is back, or somebody looks at the page again. */
  wake(): void {
    this.context.client.reconnectNow();
    this.context.client.checkConnection();
  }

  /** The browser says that it has no network. It may be wrong about the way to this server, so that is asked. */
  suspectOffline(): void {
    this.context.client.checkConnection();
  }

  /** Turns notifications on or off, and says so when the browser does not allow them. */
  async setNotifications(on: boolean): Promise<void> {
    if (!(await switchNotifications(on))) this.context.toast({ kind: 'notificationsDenied' });
  }

  dismissToast(id: number): void {
    this.context.dismissToast(id);
  }

  /** The user wants this tab to be the one, rather than the other that is open. */
  async useHere(): Promise<void> {
    if (this.context.state.phase !== 'otherTab' || !this.credentials) return;
    const { isRestore, ...credentials } = this.credentials;
    await this.signInAs(credentials, isRestore, true);
  }

  /** Somebody else wants to use this tab; the other one goes on. */
  signInAsAnother(): void {
    if (this.context.state.phase === 'otherTab') this.reset();
  }

  /** Another tab took the user over. What is needed to come back stays, as it does for a reload. */
  private yieldToOtherTab(): void {
    const { me } = this.context.state;
    this.attempt += 1;
    // The next sign-in here comes back to where this one was, as a page loaded anew does.
    if (this.credentials) this.credentials = { ...this.credentials, isRestore: true };
    this.meetings.suspend();
    this.conversations.reset();
    this.writing.reset();
    this.uploads.reset();
    this.context.client.signOut({ keepToken: true });
    this.context.store.setState({ ...initialState, phase: 'otherTab', me }, true);
  }

  private noteArrived(message: ChatMessage): void {
    this.meetings.noteMessage(message);
    const { senderId, text, system } = message;
    const { me, conversations } = this.context.state;
    const key = keyOfMessage(message, me);
    if (system || key === undefined || senderId === me || conversations.get(key)?.muted) return;
    this.options.notify?.({ kind: 'message', key, senderId, text });
  }

  private async signInAs(credentials: Credentials, isRestore: boolean, takeOver = false, typed = ''): Promise<void> {
    const { userId } = credentials;
    const signIn = ++this.attempt;
    this.credentials = { ...credentials, isRestore };
    this.context.store.setState({ ...initialState, phase: isRestore ? 'restoring' : 'signingIn', me: userId }, true);
    this.signIns = 0;
    // Whose name it is, is known only with the session. One that was used here before is known.
    const isHere = userId === 0n || (await this.tabLock.acquire(userId, { steal: takeOver }));
    if (signIn !== this.attempt) return;
    if (!isHere) {
      this.context.store.setState({ ...initialState, phase: 'otherTab', me: userId }, true);
      return;
    }
    try {
      await this.context.client.signIn(credentials, { keepTrying: isRestore });
    } catch (signInError) {
      if (signIn !== this.attempt) return;
      this.tabLock.drop();
      saveSession(undefined);
      // The name may be somebody else's by now.
      forgetUserId(typed);
      const known = { ...initialState, lastName: typed || (knownName(userId) ?? `${userId}`) };
      this.context.store.setState(isEndedToken(credentials, signInError) ? known : { ...known, signInError }, true);
      return;
    }
    if (signIn !== this.attempt) return;
    const me = this.context.client.userId ?? userId;
    if (userId === 0n) {
      // The server has ended the session of any other tab by now.
      await this.tabLock.acquire(me, { steal: true });
      if (signIn !== this.attempt) return;
    }
    rememberUserId(typed, me);
    this.context.set({ phase: 'signedIn', me, drafts: loadDrafts(me) });
  }

  /** A session was established: the first one, or one after a lost connection. */
  private async afterSignIn(): Promise<void> {
    this.signIns += 1;
    const isFirst = this.signIns === 1;
    const me = this.context.client.userId ?? this.context.state.me;
    this.context.set({ me });
    const waiting = isFirst ? this.writing.restoreUnsent() : [];
    this.groups.needProfiles([me]);
    void this.contacts.refresh();
    const known = [...this.context.state.groups.keys()];
    // After a lost connection the list is asked for once what was missed has come.
    await Promise.all([
      this.groups.refresh(),
      this.groups.refreshInvitations(),
      isFirst ? this.conversations.refreshList() : undefined,
    ]);
    if (isFirst) {
      for (const key of waiting) if (this.isOpenTo(key)) void this.conversations.open(key);
      await this.meetings.restore();
      return;
    }
    for (const groupId of known) {
      if (!this.context.state.groups.has(groupId)) continue;
      void this.meetings.refresh(groupId);
      if (this.context.state.members.has(groupId)) void this.groups.refreshMembers(groupId);
    }
  }

  private isOpenTo(key: ConversationKey): boolean {
    const groupId = groupIdOf(key);
    return groupId === undefined || this.context.state.groups.has(groupId);
  }

  private nameOf(userId: bigint): string {
    return this.context.state.profiles.get(userId)?.name || `${userId}`;
  }

  private reset(left: Partial<AppState> = {}): void {
    this.attempt += 1;
    this.credentials = undefined;
    this.tabLock.drop();
    saveSession(undefined);
    forgetDrafts();
    this.meetings.reset();
    this.conversations.reset();
    this.writing.reset();
    this.uploads.reset();
    this.groups.reset();
    this.context.store.setState({ ...initialState, ...left }, true);
    // The address is this user's: whoever signs in next starts at the beginning.
    this.options.showStart();
  }
}
