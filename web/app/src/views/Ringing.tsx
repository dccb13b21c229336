import { useEffect } from 'react';
import { Avatar } from '../components/Avatar';
import { Button } from '../components/Button';
import { useTexts } from '../i18n';
import { enterMeeting } from '../meeting/prejoin';
import { useNames } from '../state/names';
import { app } from '../state/page';
import { useApp } from '../state/store';
import { startRinging } from './ringtone';

/** The meetings that call this user now. */
export function Ringing() {
  const texts = useTexts();
  const names = useNames();
  const ringing = useApp((state) => state.ringing);
  const meetings = useApp((state) => state.meetings);
  const isInMeeting = useApp((state) => state.current?.phase === 'connected');
  const calls = ringing.map((id) => meetings.get(id)).filter((meeting) => meeting !== undefined);
  const isRinging = calls.length > 0;

  // Somebody who is talking is told by the banner alone.
  const isAudible = isRinging && !isInMeeting;
  useEffect(() => (isAudible ? startRinging() : undefined), [isAudible]);

  return (
    <div className="ringing" role="alert">
      {calls.map((meeting) => (
        <div key={`${meeting.id}`} className="ring">
          <span className="ring-avatar">
            <Avatar id={meeting.creatorId} name={names.user(meeting.creatorId)} size={44} />
          </span>
          <p>
            <strong>{texts.meeting.ringingBy(names.user(meeting.creatorId))}</strong>
            <small>{texts.meeting.ringing(names.group(meeting.groupId ?? 0n))}</small>
          </p>
          <div className="ring-actions">
            <Button onClick={() => void app.meetings.decline(meeting.id)}>{texts.meeting.decline}</Button>
            <Button
              tone="live"
              icon="camera"
              onClick={() => enterMeeting({ groupId: meeting.groupId ?? 0n, meetingId: meeting.id })}
            >
              {texts.meeting.join}
            </Button>
          </div>
        </div>
      ))}
    </div>
  );
}
