import { useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { Button, IconButton } from '../components/Button';
import { Icon } from '../components/Icon';
import { useTexts } from '../i18n';
import { type SavingLevel, savingSteps } from '../media/saving';
import { type Place, placeOf } from '../media/spatial';
import { StagePlanner, type StageTile } from './layout';
import type { MeetingRoom, Person } from './room';
import { Tile, type TileContent } from './Tile';
import { useViewChoice } from './view';

export interface Focus {
  pinned: string | undefined;
  dismissed: ReadonlySet<string>;
}

interface StageProps {
  room: MeetingRoom;
  focus: Focus;
  onFocus: (focus: Focus) => void;
  /** Told what is large or was spoken last: what is worth a window of its own. */
  onSubject: (subject: TileContent | undefined) => void;
}

/** The pictures of everybody: a grid, or one large and the others small beside it. */
export function Stage({ room, focus, onFocus, onSubject }: StageProps) {
  const { meeting: texts } = useTexts();
  const people = useStore(room.state, (state) => state.people);
  const view = useViewChoice();
  const saving = useStore(room.state, (state) => state.saving);
  const [frame, size] = useSize();
  const [page, setPage] = useState(0);
  const [planner] = useState(() => new StagePlanner());
  const tiles = useMemo(() => toTiles(people), [people]);
  const plan = useMemo(
    () => planner.plan({ tiles: tiles.map(toStageTile), view, ...focus, page, ...size, ...limitOf(saving), now: Date.now() }),
    [planner, tiles, view, focus, page, size, saving],
  );
  const isResizing = useHasChanged(size);
  const isAlone = people.length === 1;
  const isPresenting = people.some(({ isLocal, screen }) => isLocal && screen);

  const subjectKey = plan.large ?? planner.speaker;
  const subject = tiles.find(({ key }) => key === subjectKey) ?? tiles.find(({ person }) => !person.isLocal) ?? tiles[0];
  useLayoutEffect(() => onSubject(subject), [subject, onSubject]);
  useLayoutEffect(() => {
    const heardFrom = new Map<string, Place>();
    for (const { key, kind, person } of tiles) {
      const box = plan.places.get(key);
      if (box && kind === 'camera') heardFrom.set(person.identity, placeOf(box, size.width, size.height));
    }
    room.setPlaces(heardFrom);
  }, [room, tiles, plan, size]);

  const toggleLarge = ({ key, kind }: TileContent) => {
    if (key !== plan.large) onFocus({ ...focus, pinned: key });
    else if (kind === 'screen') onFocus({ pinned: undefined, dismissed: new Set([...focus.dismissed, key]) });
    else onFocus({ ...focus, pinned: undefined });
  };

  return (
    <div className="stage" role="group" aria-label={texts.tiles}>
      {isPresenting && <Presenting room={room} />}
      <div className={`stage-frame ${isResizing ? 'is-resizing' : ''}`} ref={frame}>
        {/* Always in the same order: a video that is moved within the page stops. */}
        {tiles.map((tile) => {
          const box = plan.places.get(tile.key);
          const isLarge = tile.key === plan.large;
          return (
            box && (
              <Tile
                key={tile.key}
                tile={tile}
                box={box}
                isLarge={isLarge}
                isFloating={tile.key === plan.floating}
                isMirrored={view.isMirrored}
                {...(canToggle(isLarge, isAlone, tile, focus) && { onPin: () => toggleLarge(tile) })}
              />
            )
          );
        })}
      </div>
      {isAlone && (
        <p className="stage-alone" role="status">
          {texts.alone}
        </p>
      )}
      {plan.pages > 1 && (
        <div className="stage-pages">
          <IconButton
            icon="up"
            label={texts.previousPage}
            disabled={plan.page === 0}
            onClick={() => setPage(plan.page - 1)}
          />
          <span>{texts.page(plan.page + 1, plan.pages)}</span>
          <IconButton
            icon="down"
            label={texts.nextPage}
            disabled={plan.page === plan.pages - 1}
            onClick={() => setPage(plan.page + 1)}
          />
        </div>
      )}
    </div>
  );
}

function limitOf(saving: SavingLevel): { limit?: number } {
  const { tiles } = savingSteps[saving];
  return saving > 0 && saving < 3 && tiles !== undefined ? { limit: tiles } : {};
}

/** Who is large because of speaking goes back to the grid by another layout, not by a button on the picture. */
function canToggle(isLarge: boolean, isAlone: boolean, { key, kind }: TileContent, { pinned }: Focus): boolean {
  return isLarge ? key === pinned || kind === 'screen' : !isAlone;
}

/** In place of the own screen, in which one would see oneself seeing it. */
function Presenting({ room }: { room: MeetingRoom }) {
  const { meeting: texts } = useTexts();
  return (
    <div className="presenting" role="status">
      <Icon name="screen" size={20} />
      <span>{texts.presenting}</span>
      <Button tone="danger" onClick={() => void room.setDevice('screen', false)}>
        {texts.screenOn}
      </Button>
    </div>
  );
}

function toTiles(people: readonly Person[]): TileContent[] {
  const screens = people.flatMap((person) =>
    person.screen && !person.isLocal
      ? [{ key: `${person.identity}/screen`, kind: 'screen' as const, person, track: person.screen }]
      : [],
  );
  const cameras = people.map((person) => ({
    key: `${person.identity}/camera`,
    kind: 'camera' as const,
    person,
    ...(person.camera && { track: person.camera }),
  }));
  return [...screens, ...cameras];
}

function toStageTile({ key, kind, person }: TileContent): StageTile {
  const isScreen = kind === 'screen';
  return { key, kind, isLocal: person.isLocal, isSpeaking: person.isSpeaking && !isScreen, isFixed: isScreen };
}

/** Where to put the element, and its size as it changes. */
function useSize(): [(element: HTMLElement | null) => void, { width: number; height: number }] {
  const [element, setElement] = useState<HTMLElement | null>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    if (!element) return undefined;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [element]);
  return [setElement, size];
}

/** Whether it is another value than at the last rendering. */
function useHasChanged(value: unknown): boolean {
  const last = useRef(value);
  const hasChanged = last.current !== value;
  useLayoutEffect(() => {
    last.current = value;
  });
  return hasChanged;
}
