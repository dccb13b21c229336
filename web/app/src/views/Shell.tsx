import { lazy, Suspense, useEffect } from 'react';
import { useTexts } from '../i18n';
import { useWanted } from '../meeting/prejoin';
import { groupIdOf, personKey } from '../state/conversationKey';
import { navigate, useRoute } from '../state/route';
import { useApp } from '../state/store';
import { Conversation } from './Conversation';
import { ConnectionBanner } from './ConnectionBanner';
import { InMeetingBar } from './InMeetingBar';
import { MembersPanel } from './MembersPanel';
import { Ringing } from './Ringing';
import { Sidebar } from './Sidebar';

const MeetingView = lazy(() => import('../meeting/MeetingView'));
const ContactsPage = lazy(() => import('./contacts/ContactsPage'));
const SettingsPage = lazy(() => import('./settings/SettingsPage'));
const PreJoin = lazy(() => import('../meeting/PreJoin'));

/** The page of somebody who is signed in: conversations, the one that is open, its members; or the meeting, over all of it. */
export function Shell() {
  const texts = useTexts();
  const { key, view } = useRoute();
  const groupId = key && groupIdOf(key);
  const groupsLoaded = useApp((state) => state.groupsLoaded);
  const isMember = useApp((state) => groupId !== undefined && state.groups.has(groupId));
  const me = useApp((state) => state.me);
  // One may write to anybody, and it is the server that says who may be answered.
  const isOpen = key !== undefined && (groupId === undefined ? key !== personKey(me) : isMember);
  const current = useApp((state) => state.current);
  const phase = useApp((state) => state.phase);

  // An address that leads nowhere: a group that the user is not in, or a meeting that the page is not in.
  useEffect(() => {
    if (key === undefined || !groupsLoaded) return;
    if (!isOpen) navigate({ view: 'conversation' }, { replace: true });
    else if (view === 'meeting' && (!current || current.phase === 'gone')) {
      navigate({ key, view: 'conversation' }, { replace: true });
    }
  }, [key, groupsLoaded, isOpen, view, current]);

  if (phase === 'restoring' && !groupsLoaded) {
    return (
      <div className="splash" role="status">
        <img src="favicon.svg" alt="" width={48} height={48} />
        <ConnectionBanner />
      </div>
    );
  }

  const isInMeeting = view === 'meeting' && current !== undefined && current.phase !== 'gone';
  if (isInMeeting) {
    return (
      <div className="meeting-page" data-theme="dark">
        <div>
          <ConnectionBanner />
          <Ringing />
        </div>
        <Suspense fallback={<div className="stage-loading">{texts.common.loading}</div>}>
          <MeetingView />
        </Suspense>
        <Entering />
      </div>
    );
  }
  const pane = view === 'settings' || view === 'contacts' ? 'conversation' : key === undefined ? 'list' : view === 'members' ? 'members' : 'conversation';
  return (
    <div className="shell" data-pane={pane}>
      <div className="shell-banners">
        <ConnectionBanner />
        <InMeetingBar />
        <Ringing />
      </div>
      <Sidebar selected={key} />
      <main className="pane-conversation">
        {view === 'settings' || view === 'contacts' ? (
          <Suspense fallback={<p className="empty">{texts.common.loading}</p>}>
            {view === 'settings' ? <SettingsPage /> : <ContactsPage />}
          </Suspense>
        ) : key !== undefined && isOpen && groupsLoaded ? (
          <Conversation key={key} conversationKey={key} />
        ) : (
          <p className="empty">{texts.sidebar.choose}</p>
        )}
      </main>
      {groupId !== undefined && isMember && view === 'members' && <MembersPanel key={`${groupId}`} groupId={groupId} />}
      <Entering />
    </div>
  );
}

/** What comes before a meeting, while the user is there. */
function Entering() {
  const wanted = useWanted();
  const isMember = useApp((state) => wanted !== undefined && state.groups.has(wanted.groupId));
  if (!wanted || !isMember) return null;
  return (
    <Suspense fallback={null}>
      <PreJoin key={`${wanted.groupId}/${wanted.meetingId}`} wanted={wanted} />
    </Suspense>
  );
}
