import { type ReactNode, useEffect } from 'react';
import { IconButton } from '../components/Button';
import { useFocusOnMount } from '../components/focus';
import { useTexts } from '../i18n';
import { closePage } from '../state/route';
import '../styles/settings.css';

/** A page in the place of a conversation. Escape and the arrow lead back. */
export function SidePage({ title, children }: { title: string; children: ReactNode }) {
  const { common } = useTexts();
  const heading = useFocusOnMount<HTMLHeadingElement>();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      // A menu or a question in front of the page closes by itself.
      const isInside = (event.target as Element).closest('dialog, [popover]') !== null;
      if (event.key === 'Escape' && !event.isComposing && !event.defaultPrevented && !isInside) closePage();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, []);
  return (
    <section className="settings" aria-label={title}>
      <header className="pane-header">
        <IconButton icon="back" label={common.back} onClick={closePage} />
        <h2 ref={heading} tabIndex={-1} className="pane-title">
          {title}
        </h2>
      </header>
      <div className="settings-scroll">{children}</div>
    </section>
  );
}
