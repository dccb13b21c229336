import { useState } from 'react';
import { useStore } from 'zustand';
import { Avatar } from '../components/Avatar';
import { IconButton } from '../components/Button';
import { useFocusKept, usePanel } from '../components/focus';
import { Icon } from '../components/Icon';
import { useTexts } from '../i18n';
import { useNames } from '../state/names';
import { type CurrentMeeting, useApp } from '../state/store';
import { MemberMenu } from '../views/MemberMenu';
import { byRoleThenName } from '../views/MembersPanel';
import { byHand } from './hands';
import type { MeetingRoom } from './room';
import { userIdOf, usePersonName } from './Tile';

interface PeoplePanelProps {
  meeting: CurrentMeeting;
  room: MeetingRoom;
  onClose: () => void;
}

/** Who is in the meeting, and who of the group is not. */
export function PeoplePanel({ meeting, room, onClose }: PeoplePanelProps) {
  const texts = useTexts();
  const names = useNames();
  const nameOf = usePersonName();
  const panel = usePanel(onClose);
  const lists = useFocusKept<HTMLDivElement>();
  const everybody = useStore(room.state, (state) => state.people);
  const [wanted, setWanted] = useState('');
  const isWanted = (name: string) => name.toLocaleLowerCase().includes(wanted.trim().toLocaleLowerCase());
  const people = byHand(everybody).filter((person) => isWanted(nameOf(person)));
  const members = useApp((state) => state.members.get(meeting.groupId)) ?? [];
  const memberById = new Map(members.map((member) => [member.userId, member]));
  const present = new Set(everybody.map(userIdOf));
  const absent = members
    .filter(({ userId }) => !present.has(userId) && isWanted(names.user(userId)))
    .sort(byRoleThenName(names.user));
  return (
    <aside className="meeting-panel" aria-label={texts.meeting.people} {...panel}>
      <header className="pane-header">
        <div className="pane-title">
          <h2>{texts.meeting.people}</h2>
        </div>
        <IconButton icon="close" label={texts.common.close} onClick={onClose} />
      </header>
      <div className="pane-search">
        <input
          className="field"
          type="search"
          aria-label={texts.meeting.findPeople}
          placeholder={texts.meeting.findPeople}
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
        />
      </div>
      <div className="pane-scroll" ref={lists} tabIndex={-1}>
        <h3>{texts.meeting.participantsTitle}</h3>
        <ul className="members" aria-label={texts.meeting.participantsTitle}>
          {people.map((person) => {
            const member = memberById.get(userIdOf(person));
            return (
              <li key={person.identity} className="member">
                <Avatar id={userIdOf(person)} name={nameOf(person)} />
                <span className="member-text">
                  <span>
                    {nameOf(person)}
                    {person.isLocal && <small> ({texts.common.you})</small>}
                  </span>
                  {member && <small>{texts.members.roles[member.role]}</small>}
                </span>
                <span
                  className={person.isSpeaking ? 'is-speaking-icon' : 'quiet-icon'}
                  role="img"
                  aria-label={person.microphoneOn ? texts.meeting.microphoneIsOn : texts.meeting.microphoneIsOff}
                >
                  <Icon name={person.microphoneOn ? 'microphone' : 'microphoneOff'} size={18} />
                </span>
                {person.handRaisedAt !== undefined && (
                  <span role="img" aria-label={texts.meeting.handRaised}>
                    ✋
                  </span>
                )}
                {!person.isLocal && <Volume room={room} identity={person.identity} name={nameOf(person)} />}
                {member && <MemberMenu groupId={meeting.groupId} member={member} />}
              </li>
            );
          })}
        </ul>
        {absent.length > 0 && (
          <>
            <h3>{texts.meeting.notInMeeting}</h3>
            <ul className="members" aria-label={texts.meeting.notInMeeting}>
              {absent.map((member) => (
                <li key={`${member.userId}`} className="member is-absent">
                  <Avatar id={member.userId} name={names.user(member.userId)} />
                  <span className="member-text">
                    <span>{names.user(member.userId)}</span>
                    <small>{texts.members.roles[member.role]}</small>
                  </span>
                  <MemberMenu groupId={meeting.groupId} member={member} />
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
    </aside>
  );
}

/** How loud one hears somebody; the others hear them as before. */
function Volume({ room, identity, name }: { room: MeetingRoom; identity: string; name: string }) {
  const { meeting: texts } = useTexts();
  const [percent, setPercent] = useState(() => Math.round(room.volumeOf(identity) * 100));
  return (
    <input
      className="volume"
      type="range"
      min={0}
      max={100}
      step={10}
      value={percent}
      aria-label={texts.volumeOf(name)}
      aria-valuetext={`${percent} %`}
      title={texts.volumeOf(name)}
      onChange={(event) => {
        setPercent(event.target.valueAsNumber);
        room.setVolume(identity, event.target.valueAsNumber / 100);
      }}
    />
  );
}
