import type { MeetingInfo } from 'turms-client';
import { Button } from '../components/Button';
import { Icon } from '../components/Icon';
import { useTexts } from '../i18n';
import { enterMeeting } from '../meeting/prejoin';
import { useNames } from '../state/names';
import { useApp } from '../state/store';
import { useTimeText } from './time';

/** The trace of a meeting in the conversation. */
export function MeetingNotice({ meeting: told, me, tabIndex }: { meeting: MeetingInfo; me: bigint; tabIndex: number }) {
  const texts = useTexts();
  const names = useNames();
  const time = useTimeText();
  const known = useApp((state) => state.meetings.get(told.id));
  const isHere = useApp((state) => state.current?.id === told.id && state.current.phase === 'connected');
  const meeting = known ?? told;
  const isLive = known !== undefined && known.endedAt === undefined;
  const groupId = meeting.groupId ?? told.groupId;
  return (
    <div className={`meeting-notice ${isLive ? 'is-live' : ''}`}>
      <Icon name="camera" size={18} />
      <p>
        <span>{told.creatorId === me ? texts.meeting.youStarted : texts.meeting.startedBy(names.user(told.creatorId))}</span>
        <small>
          {meeting.endedAt !== undefined
            ? texts.meeting.endedAfter(time.duration(meeting.endedAt - meeting.startedAt))
            : time.clock(meeting.startedAt)}
        </small>
      </p>
      {isLive && !isHere && groupId !== undefined && (
        <Button tone="live" tabIndex={tabIndex} onClick={() => enterMeeting({ groupId, meetingId: told.id })}>
          {texts.meeting.join}
        </Button>
      )}
    </div>
  );
}
