import { useEffect } from 'react';
import { IconButton } from '../../components/Button';
import { useFocusOnMount } from '../../components/focus';
import { useTexts } from '../../i18n';
import { closeSettings } from '../../state/route';
import '../../styles/settings.css';
import { Appearance } from './Appearance';
import { Devices } from './Devices';
import { Meetings } from './Meetings';
import { Profile } from './Profile';
import { Shortcuts } from './Shortcuts';
import { SoundAndVideo } from './SoundAndVideo';
import { useSettingsTexts } from './texts';

/** All that a person can choose, in the place of a conversation. Escape and the arrow lead back. */
export default function SettingsPage() {
  const { common } = useTexts();
  const texts = useSettingsTexts();
  const title = useFocusOnMount<HTMLHeadingElement>();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      // A menu or a question in front of the page closes by itself.
      const isInside = (event.target as Element).closest('dialog, [popover]') !== null;
      if (event.key === 'Escape' && !event.isComposing && !event.defaultPrevented && !isInside) closeSettings();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, []);
  return (
    <section className="settings" aria-label={texts.title}>
      <header className="pane-header">
        <IconButton icon="back" label={common.back} onClick={closeSettings} />
        <h2 ref={title} tabIndex={-1} className="pane-title">
          {texts.title}
        </h2>
      </header>
      <div className="settings-scroll">
        <Profile />
        <Appearance />
        <SoundAndVideo />
        <Meetings />
        <Devices />
        <Shortcuts />
      </div>
    </section>
  );
}
