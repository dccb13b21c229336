import { useEffect, useState } from 'react';
import { Icon } from '../components/Icon';
import { Menu, type MenuItem, type MenuSection } from '../components/Menu';
import { useTexts } from '../i18n';
import type { PictureInPicture } from './pictureInPicture';
import { chooseView, layouts, selfViews, tileNumbers, useViewChoice } from './view';

interface ViewMenuProps {
  pictureInPicture: PictureInPicture;
  /** Called when a layout is chosen: it counts for all that was made large or not by hand. */
  onLayout: () => void;
}

/** How the meeting is seen: the layout, one's own picture, how many at a time, the whole screen. */
export function ViewMenu({ pictureInPicture, onLayout }: ViewMenuProps) {
  const { view: texts } = useTexts();
  const view = useViewChoice();
  const isFullScreen = useIsFullScreen();
  const sections: MenuSection[] = [
    {
      key: 'layout',
      title: texts.layout,
      items: layouts.map((layout) => ({
        key: layout,
        label: texts.layouts[layout],
        checked: view.layout === layout,
        onSelect: () => {
          chooseView({ layout });
          onLayout();
        },
      })),
    },
    {
      key: 'self',
      title: texts.self,
      items: [
        ...selfViews.map((selfView) => ({
          key: selfView,
          label: texts.selfViews[selfView],
          checked: view.selfView === selfView,
          onSelect: () => chooseView({ selfView }),
        })),
        {
          key: 'mirrored',
          label: texts.mirrored,
          checked: view.isMirrored,
          isAlone: true,
          onSelect: () => chooseView({ isMirrored: !view.isMirrored }),
        },
      ],
    },
    {
      key: 'tiles',
      title: texts.tiles,
      items: [undefined, ...tileNumbers].map((maxTiles) => ({
        key: `${maxTiles}`,
        label: maxTiles === undefined ? texts.asManyAsFit : `${maxTiles}`,
        checked: view.maxTiles === maxTiles,
        onSelect: () => chooseView({ maxTiles }),
      })),
    },
  ];
  const windows: MenuItem[] = [];
  if (document.fullscreenEnabled) {
    windows.push({ key: 'full', label: texts.fullScreen, checked: isFullScreen, isAlone: true, onSelect: toggleFullScreen });
  }
  if (pictureInPicture.isPossible) {
    windows.push({
      key: 'pip',
      label: texts.pictureInPicture,
      checked: pictureInPicture.isOpen,
      isAlone: true,
      disabled: !pictureInPicture.isOpen && !pictureInPicture.hasPicture,
      onSelect: pictureInPicture.toggle,
    });
  }
  if (windows.length > 0) sections.push({ key: 'windows', items: windows });
  return (
    <Menu label={texts.menu} sections={sections}>
      <Icon name="grid" size={20} />
    </Menu>
  );
}

function toggleFullScreen(): void {
  const change = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
  // Whoever may not have it stays with the window.
  change.catch(() => {});
}

function useIsFullScreen(): boolean {
  const [isFull, setIsFull] = useState(document.fullscreenElement !== null);
  useEffect(() => {
    const update = () => setIsFull(document.fullscreenElement !== null);
    document.addEventListener('fullscreenchange', update);
    return () => document.removeEventListener('fullscreenchange', update);
  }, []);
  return isFull;
}
