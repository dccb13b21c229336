import { useLayoutEffect, useState } from 'react';
import { useStore } from 'zustand';
import { IconButton } from '../components/Button';
import { useTexts } from '../i18n';
import { fitGrid, tilesPerPage } from './grid';
import type { MeetingRoom, Person } from './room';
import { Tile, type TileContent } from './Tile';

/** The pictures of everybody: a grid, or one large and the others small beside it. */
export function Stage({ room }: { room: MeetingRoom }) {
  const { meeting: texts } = useTexts();
  const people = useStore(room.state, (state) => state.people);
  const [frame, size] = useSize();
  const [pinned, setPinned] = useState<string>();
  const [page, setPage] = useState(0);

  const tiles = toTiles(people);
  const large = tiles.find(({ key }) => key === pinned) ?? tiles.find(({ kind, person }) => kind === 'screen' && !person.isLocal);
  const togglePin = (key: string) => setPinned(pinned === key ? undefined : key);

  if (large) {
    return (
      <div className="stage stage-focus" role="group" aria-label={texts.tiles}>
        <div className="stage-large">
          <Tile tile={large} isLarge onPin={() => setPinned(undefined)} canPin={large.key === pinned} />
        </div>
        <div className="stage-strip">
          {tiles
            .filter(({ key }) => key !== large.key)
            .map((tile) => (
              <Tile key={tile.key} tile={tile} onPin={() => togglePin(tile.key)} canPin />
            ))}
        </div>
      </div>
    );
  }

  const perPage = tilesPerPage(size.width, size.height);
  const pages = Math.max(1, Math.ceil(tiles.length / perPage));
  const shownPage = Math.min(page, pages - 1);
  const shown = tiles.slice(shownPage * perPage, (shownPage + 1) * perPage);
  // A screen held upright has room for pictures that are higher than wide.
  const narrowest = size.height > size.width ? 3 / 4 : 4 / 3;
  const grid = fitGrid(shown.length, size.width, size.height, narrowest);
  const isAlone = people.length === 1;

  return (
    <div className="stage" role="group" aria-label={texts.tiles}>
      <div className="stage-grid" ref={frame}>
        {size.width > 0 &&
          shown.map((tile) => (
            <Tile
              key={tile.key}
              tile={tile}
              width={grid.tileWidth}
              height={grid.tileHeight}
              onPin={() => togglePin(tile.key)}
              canPin={!isAlone}
            />
          ))}
      </div>
      {isAlone && (
        <p className="stage-alone" role="status">
          {texts.alone}
        </p>
      )}
      {pages > 1 && (
        <div className="stage-pages">
          <IconButton
            icon="up"
            label={texts.previousPage}
            disabled={shownPage === 0}
            onClick={() => setPage(shownPage - 1)}
          />
          <span>{texts.page(shownPage + 1, pages)}</span>
          <IconButton
            icon="down"
            label={texts.nextPage}
            disabled={shownPage === pages - 1}
            onClick={() => setPage(shownPage + 1)}
          />
        </div>
      )}
    </div>
  );
}

function toTiles(people: Person[]): TileContent[] {
  const screens = people.flatMap((person) =>
    person.screen ? [{ key: `${person.identity}/screen`, kind: 'screen' as const, person, track: person.screen }] : [],
  );
  const cameras = people.map((person) => ({
    key: `${person.identity}/camera`,
    kind: 'camera' as const,
    person,
    ...(person.camera && { track: person.camera }),
  }));
  // Others first: one's own picture is the least interesting.
  return [...screens, ...cameras.filter(({ person }) => !person.isLocal), ...cameras.filter(({ person }) => person.isLocal)];
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
