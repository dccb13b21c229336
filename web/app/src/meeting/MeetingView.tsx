import { useCallback, useEffect, useState } from 'react';
import { useStore } from 'zustand';
import { Button, IconButton } from '../components/Button';
import { useFocusOnMount } from '../components/focus';
import { describeError } from '../i18n/describe';
import { useTexts } from '../i18n';
import { useNames } from '../state/names';
import { app } from '../state/page';
import { navigate } from '../state/route';
import { type CurrentMeeting, useApp } from '../state/store';
import { Announcer } from './Announcer';
import { ChatPanel } from './ChatPanel';
import { Controls } from './Controls';
import { PeoplePanel } from './PeoplePanel';
import { usePictureInPicture } from './pictureInPicture';
import { usePushToTalk } from './pushToTalk';
import type { MeetingRoom } from './room';
import { type Focus, Stage } from './Stage';
import { StatisticsPanel } from './StatisticsPanel';
import type { TileContent } from './Tile';
import { ViewMenu } from './ViewMenu';
import '../styles/meeting.css';

export type SidePanel = 'none' | 'people' | 'chat' | 'statistics';

/** The meeting that the page is in, on its way into, or failed to join. */
export default function MeetingView() {
  const current = useApp((state) => state.current);
  if (!current) return null;
  if (current.phase === 'connected' && current.room) return <Meeting meeting={current} room={current.room} />;
  return <NotYet meeting={current} />;
}

const noFocus: Focus = { pinned: undefined, dismissed: new Set() };

function Meeting({ meeting, room }: { meeting: CurrentMeeting; room: MeetingRoom }) {
  const texts = useTexts();
  const names = useNames();
  const [panel, setPanel] = useState<SidePanel>('none');
  const connection = useStore(room.state, (state) => state.connection);
  const isSoundBlocked = useStore(room.state, (state) => state.soundBlocked);
  const [focus, setFocus] = useState(noFocus);
  const [subject, setSubject] = useState<TileContent>();
  const pictureInPicture = usePictureInPicture(subject?.track);
  const showByLayout = useCallback(() => setFocus(noFocus), []);
  usePushToTalk(room);
  const title = useFocusOnMount<HTMLHeadingElement>();
  const back = () => navigate({ groupId: meeting.groupId, view: 'conversation' });

  useEffect(() => {
    void app.groups.refreshMembers(meeting.groupId);
  }, [meeting.groupId]);

  return (
    <div className="meeting" data-panel={panel}>
      <header className="meeting-header">
        <IconButton icon="back" label={texts.meeting.backToChat} onClick={back} />
        <h1 ref={title} tabIndex={-1}>
          {names.group(meeting.groupId)}
        </h1>
        <div role="status" className="meeting-status">
          {connection === 'reconnecting' && <span className="meeting-warning">{texts.meeting.reconnecting}</span>}
        </div>
        {isSoundBlocked && (
          <Button tone="primary" icon="speaker" title={texts.meeting.soundBlocked} onClick={() => void room.startSound()}>
            {texts.meeting.unblockSound}
          </Button>
        )}
        <ViewMenu pictureInPicture={pictureInPicture} onLayout={showByLayout} />
      </header>
      <main className="meeting-main">
        <Stage room={room} focus={focus} onFocus={setFocus} onSubject={setSubject} />
      </main>
      <Announcer room={room} />
      {panel === 'people' && <PeoplePanel meeting={meeting} room={room} onClose={() => setPanel('none')} />}
      {panel === 'chat' && <ChatPanel groupId={meeting.groupId} onClose={() => setPanel('none')} />}
      {panel === 'statistics' && <StatisticsPanel room={room} onClose={() => setPanel('none')} />}
      <Controls
        meeting={meeting}
        room={room}
        panel={panel}
        onPanel={(wanted) => setPanel(panel === wanted ? 'none' : wanted)}
      />
    </div>
  );
}

function NotYet({ meeting }: { meeting: CurrentMeeting }) {
  const texts = useTexts();
  const names = useNames();
  const title = useFocusOnMount<HTMLHeadingElement>();
  const hasFailed = meeting.phase === 'failed';
  const giveUp = () => {
    void app.meetings.leave();
    navigate({ groupId: meeting.groupId, view: 'conversation' }, { replace: true });
  };
  return (
    <div className="meeting meeting-waiting">
      <h1 ref={title} tabIndex={-1}>
        {names.group(meeting.groupId)}
      </h1>
      {hasFailed ? (
        <p role="alert">{describeError(meeting.error, texts)}</p>
      ) : (
        <p role="status" className="connecting">
          <span className="spinner" aria-hidden="true" />
          {meeting.phase === 'reconnecting' ? texts.meeting.reconnecting : texts.meeting.connecting}
        </p>
      )}
      <div className="meeting-waiting-actions">
        <Button onClick={giveUp}>{hasFailed ? texts.common.back : texts.common.cancel}</Button>
        {hasFailed && (
          <Button tone="primary" onClick={() => void app.meetings.join(meeting.id, meeting.groupId)}>
            {texts.common.retry}
          </Button>
        )}
      </div>
    </div>
  );
}
