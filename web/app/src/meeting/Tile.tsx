import { useEffect, useRef } from 'react';
import { Avatar } from '../components/Avatar';
import { IconButton } from '../components/Button';
import { Icon } from '../components/Icon';
import { useTexts } from '../i18n';
import { useNames } from '../state/names';
import type { Person, VideoTrackHandle } from './room';

export interface TileContent {
  key: string;
  kind: 'camera' | 'screen';
  person: Person;
  track?: VideoTrackHandle;
}

interface TileProps {
  tile: TileContent;
  width?: number;
  height?: number;
  isLarge?: boolean;
  canPin: boolean;
  onPin: () => void;
}

/** The id of the user behind an identity of the media server. */
export function userIdOf(person: Person): bigint {
  return /^\d{1,19}$/.test(person.identity) ? BigInt(person.identity) : 0n;
}

export function usePersonName(): (person: Person) => string {
  const names = useNames();
  return (person) => person.name || names.user(userIdOf(person));
}

export function Tile({ tile, width, height, isLarge = false, canPin, onPin }: TileProps) {
  const texts = useTexts();
  const nameOf = usePersonName();
  const { person, kind, track } = tile;
  const name = nameOf(person);
  const isScreen = kind === 'screen';
  const label = isScreen
    ? person.isLocal
      ? texts.meeting.yourScreen
      : texts.meeting.screenOf(name)
    : person.isLocal
      ? `${name} (${texts.common.you})`
      : name;
  const isSpeaking = person.isSpeaking && !isScreen;
  const className = ['tile', isSpeaking && 'is-speaking', isLarge && 'is-large', isScreen && 'is-screen']
    .filter(Boolean)
    .join(' ');
  return (
    <figure
      className={className}
      style={width ? { width, height } : undefined}
      aria-label={isSpeaking ? `${label}, ${texts.meeting.speaking}` : label}
      data-identity={person.identity}
      data-kind={kind}
    >
      {track ? (
        <TrackVideo track={track} isMirrored={person.isLocal && !isScreen} />
      ) : (
        <div className="tile-empty">
          <Avatar id={userIdOf(person)} name={name} size={isLarge ? 128 : 72} />
        </div>
      )}
      <figcaption>
        {!isScreen && !person.microphoneOn && (
          <span role="img" aria-label={texts.meeting.microphoneIsOff}>
            <Icon name="microphoneOff" size={15} />
          </span>
        )}
        <span className="tile-name">{label}</span>
        {person.hasWeakConnection && (
          <span role="img" className="tile-weak" aria-label={texts.meeting.qualityPoor} title={texts.meeting.qualityPoor}>
            <Icon name="weak" size={15} />
          </span>
        )}
      </figcaption>
      {canPin && (
        <IconButton
          className="tile-pin"
          icon={isLarge ? 'close' : 'pin'}
          size={18}
          label={isLarge ? texts.meeting.unpin : texts.meeting.pin}
          onClick={onPin}
        />
      )}
    </figure>
  );
}

function TrackVideo({ track, isMirrored }: { track: VideoTrackHandle; isMirrored: boolean }) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const element = video.current;
    if (!element) return undefined;
    track.attach(element);
    return () => {
      track.detach(element);
    };
  }, [track]);
  return <video ref={video} className={isMirrored ? 'is-mirrored' : ''} autoPlay muted playsInline />;
}
