import { useEffect, useRef } from 'react';
import { Avatar } from '../components/Avatar';
import { IconButton } from '../components/Button';
import { Icon } from '../components/Icon';
import { useTexts } from '../i18n';
import { useNames } from '../state/names';
import type { Box } from './grid';
import type { Person, VideoTrackHandle } from './room';

export interface TileContent {
  key: string;
  kind: 'camera' | 'screen';
  person: Person;
  track?: VideoTrackHandle;
}

interface TileProps {
  tile: TileContent;
  box: Box;
  isLarge: boolean;
  isFloating: boolean;
  isMirrored: boolean;
  /** Makes it large, or gives it its place among the others again; absent where that is not possible. */
  onPin?: () => void;
}

/** The id of the user behind an identity of the media server. */
export function userIdOf(person: Person): bigint {
  return /^\d{1,19}$/.test(person.identity) ? BigInt(person.identity) : 0n;
}

export function usePersonName(): (person: Person) => string {
  const names = useNames();
  return (person) => person.name || names.user(userIdOf(person));
}

/** Below this width, in pixels, a picture has no room for more than a face and a name. */
const smallWidth = 150;

export function Tile({ tile, box, isLarge, isFloating, isMirrored, onPin }: TileProps) {
  const texts = useTexts();
  const nameOf = usePersonName();
  const { person, kind, track } = tile;
  const name = nameOf(person);
  const isScreen = kind === 'screen';
  const label = isScreen ? texts.meeting.screenOf(name) : person.isLocal ? `${name} (${texts.common.you})` : name;
  const isSpeaking = person.isSpeaking && !isScreen;
  const className = [
    'tile',
    isSpeaking && 'is-speaking',
    isLarge && 'is-large',
    isScreen && 'is-screen',
    isFloating && 'is-floating',
    box.width < smallWidth && 'is-small',
  ]
    .filter(Boolean)
    .join(' ');
  const { x, y, width, height } = box;
  return (
    <figure
      className={className}
      style={{ transform: `translate(${x}px, ${y}px)`, width, height }}
      aria-label={isSpeaking ? `${label}, ${texts.meeting.speaking}` : label}
      data-identity={person.identity}
      data-kind={kind}
      onDoubleClick={onPin}
    >
      {track ? (
        <TrackVideo track={track} isMirrored={isMirrored && person.isLocal && !isScreen} />
      ) : (
        <div className="tile-empty">
          <Avatar id={userIdOf(person)} name={name} size={avatarSize(box)} />
        </div>
      )}
      <figcaption>
        {!isScreen && !person.microphoneOn && (
          <span role="img" aria-label={texts.meeting.microphoneIsOff}>
            <Icon name="microphoneOff" size={15} />
          </span>
        )}
        {!isScreen && person.handRaisedAt !== undefined && (
          <span role="img" aria-label={texts.meeting.handRaised}>
            ✋
          </span>
        )}
        <bdi className="tile-name">{label}</bdi>
        {person.hasWeakConnection && (
          <span role="img" className="tile-weak" aria-label={texts.meeting.qualityPoor} title={texts.meeting.qualityPoor}>
            <Icon name="weak" size={15} />
          </span>
        )}
      </figcaption>
      {onPin && (
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

/** As large as leaves room for the name below it. */
function avatarSize({ width, height }: Box): number {
  const nameHeight = 34;
  return Math.round(Math.max(24, Math.min(128, width * 0.4, (height - 2 * nameHeight) * 0.9)));
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
