import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import type { Texts } from '../i18n';

/** What happens in a meeting by itself and is told once, in passing. */
export type MeetingNotice = keyof Texts['meetingNotices'];

const shownMs = 8000;
const most = 3;

const store = createStore<{ notices: readonly MeetingNotice[] }>()(() => ({ notices: [] }));

export function tellInMeeting(notice: MeetingNotice): void {
  const others = store.getState().notices.filter((each) => each !== notice);
  store.setState({ notices: [...others, notice].slice(-most) });
  setTimeout(() => store.setState(({ notices }) => ({ notices: notices.filter((each) => each !== notice) })), shownMs);
}

export function useMeetingNotices(): readonly MeetingNotice[] {
  return useStore(store, ({ notices }) => notices);
}
