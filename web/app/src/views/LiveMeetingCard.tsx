import type { LiveParticipant } from 'turms-client';
import { Avatar } from '../components/Avatar';
import { Button } from '../components/Button';
import { Icon } from '../components/Icon';
import { useTexts } from '../i18n';
import { enterMeeting } from '../meeting/prejoin';
import { useNames } from '../state/names';
import { liveMeetingOf, useApp } from '../state/store';
import { useTimeText } from './time';

/** Who is in the group's meeting right now, seen from outside of it. */
export function LiveMeetingCard({ groupId }: { groupId: bigint }) {
  const texts = useTexts();
  const time = useTimeText();
  const meeting = useApp((state) => liveMeetingOf(state, groupId));
  const isHere = useApp((state) => state.current?.id === meeting?.id && state.current?.phase === 'connected');
  const isJoining = useApp((state) => state.current?.id === meeting?.id && state.current?.phase === 'joining');
  if (!meeting) return null;
  const count = meeting.participants.length;
  return (
    <section className="live-card" aria-label={texts.meeting.live}>
      <div className="live-card-top">
        <span className="live-dot" />
        <p>
          <strong>{count === 0 ? texts.meeting.nobody : texts.meeting.participants(count)}</strong>
          <small>{texts.meeting.since(time.clock(meeting.startedAt))}</small>
        </p>
        {/* The bar above everything leads back into it. */}
        {!isHere && (
          <Button tone="live" icon="camera" disabled={isJoining} onClick={() => enterMeeting({ groupId, meetingId: meeting.id })}>
            {isJoining ? texts.meeting.joining : texts.meeting.join}
          </Button>
        )}
      </div>
      {count > 0 && (
        <ul className="live-people" aria-label={texts.meeting.participantsTitle}>
          {meeting.participants.map((participant) => (
            <LivePerson key={`${participant.userId}`} participant={participant} />
          ))}
        </ul>
      )}
    </section>
  );
}

function LivePerson({ participant }: { participant: LiveParticipant }) {
  const { meeting } = useTexts();
  const names = useNames();
  const name = participant.name || names.user(participant.userId);
  return (
    <li className="live-person">
      <Avatar id={participant.userId} name={name} size={22} />
      <span>{name}</span>
      <span role="img" aria-label={participant.microphone ? meeting.microphoneIsOn : meeting.microphoneIsOff}>
        <Icon name={participant.microphone ? 'microphone' : 'microphoneOff'} size={15} />
      </span>
      {participant.camera && (
        <span role="img" aria-label={meeting.cameraIsOn}>
          <Icon name="camera" size={15} />
        </span>
      )}
      {participant.screen && (
        <span role="img" aria-label={meeting.sharesScreen}>
          <Icon name="screen" size={15} />
        </span>
      )}
    </li>
  );
}
