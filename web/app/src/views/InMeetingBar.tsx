import { useStore } from 'zustand';
import type { MeetingRoom } from '../meeting/room';
import { Button, IconButton } from '../components/Button';
import { Icon } from '../components/Icon';
import { useTexts } from '../i18n';
import { useNames } from '../state/names';
import { app } from '../state/page';
import { switchDevice } from '../state/preferences';
import { navigate } from '../state/route';
import { isInMeeting, useApp } from '../state/store';

/** Says, while something else is shown, that the page is in a meeting. */
export function InMeetingBar() {
  const texts = useTexts();
  const names = useNames();
  const current = useApp((state) => state.current);
  if (!isInMeeting(current)) return null;
  return (
    <div className="in-meeting" role="region" aria-label={texts.meeting.inMeeting}>
      <span className="live-dot" />
      <span className="in-meeting-name">
        {current.phase === 'reconnecting' ? (
          <span>{texts.meeting.reconnecting} </span>
        ) : (
          <span className="only-wide">{texts.meeting.inMeeting} · </span>
        )}
        {names.group(current.groupId)}
      </span>
      {current.room && <MicrophoneButton room={current.room} />}
      <Button tone="live" onClick={() => navigate({ groupId: current.groupId, view: 'meeting' })}>
        {texts.meeting.return}
      </Button>
      <Button tone="danger" aria-label={texts.meeting.leave} title={texts.meeting.leave} onClick={() => void app.meetings.leave()}>
        <Icon name="leave" size={18} />
      </Button>
    </div>
  );
}

function MicrophoneButton({ room }: { room: MeetingRoom }) {
  const { meeting } = useTexts();
  const { on, busy, allowed } = useStore(room.state, (state) => state.devices.microphone);
  return (
    <IconButton
      icon={on ? 'microphone' : 'microphoneOff'}
      label={on ? meeting.microphoneOn : meeting.microphoneOff}
      disabled={busy || !allowed}
      onClick={() => switchDevice(room, 'microphone', !on)}
    />
  );
}
