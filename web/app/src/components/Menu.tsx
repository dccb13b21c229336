import { type KeyboardEvent, type ReactNode, type ReactElement, useId, useRef, useState } from 'react';
import { Icon, type IconName } from './Icon';

export interface MenuItem {
  key: string;
  label: string;
  icon?: IconName;
  danger?: boolean;
  /** Set for one of several to choose from. */
  checked?: boolean;
  disabled?: boolean;
  onSelect: () => void;
}

export interface MenuSection {
  key: string;
  title?: string;
  items: MenuItem[];
}

interface MenuProps {
  label: string;
  className?: string;
  children: ReactNode;
  sections: MenuSection[];
  /** Called before the menu is shown. */
  onOpen?: () => void;
  disabled?: boolean;
}

/** A button that opens a list of things to do or choose; by arrow keys, Home, End and Escape too. */
export function Menu({ label, className = 'icon-button button-quiet', children, sections, onOpen, disabled }: MenuProps): ReactElement {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [isOpen, setIsOpen] = useState(false);

  const items = () => [...(list.current?.querySelectorAll<HTMLButtonElement>('[role^=menuitem]:not(:disabled)') ?? [])];

  const place = () => {
    if (!button.current || !list.current) return;
    const anchor = button.current.getBoundingClientRect();
    const { offsetWidth, offsetHeight } = list.current;
    const margin = 8;
    const left = Math.min(Math.max(margin, anchor.right - offsetWidth), window.innerWidth - offsetWidth - margin);
    const below = anchor.bottom + 4;
    const fitsBelow = below + offsetHeight < window.innerHeight - margin;
    const top = fitsBelow ? below : Math.max(margin, anchor.top - offsetHeight - 4);
    list.current.style.left = `${Math.max(margin, left)}px`;
    list.current.style.top = `${top}px`;
  };

  const move = (event: KeyboardEvent) => {
    const all = items();
    const index = all.indexOf(document.activeElement as HTMLButtonElement);
    const next = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: all.length - 1 }[event.key];
    if (next === undefined || all.length === 0) return;
    event.preventDefault();
    all[(next + all.length) % all.length]?.focus();
  };

  return (
    <>
      <button
        ref={button}
        type="button"
        className={className}
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        popoverTarget={id}
        disabled={disabled}
      >
        {children}
      </button>
      <div
        ref={list}
        id={id}
        popover="auto"
        role="menu"
        aria-label={label}
        className="menu"
        onKeyDown={move}
        onBeforeToggle={(event) => {
          if (event.newState === 'open') onOpen?.();
        }}
        onToggle={(event) => {
          const opened = event.newState === 'open';
          setIsOpen(opened);
          if (!opened) return;
          place();
          // What onOpen fetches may arrive in a moment and make the list longer.
          requestAnimationFrame(place);
          items()[0]?.focus();
        }}
      >
        {isOpen &&
          sections.map((section) => (
            <div key={section.key} role="group" aria-label={section.title} className="menu-section">
              {section.title && <div className="menu-title">{section.title}</div>}
              {section.items.map((item) => (
                <button
                  key={item.key}
                  type="button"
                  role={item.checked === undefined ? 'menuitem' : 'menuitemradio'}
                  aria-checked={item.checked}
                  className={`menu-item ${item.danger ? 'is-danger' : ''}`}
                  disabled={item.disabled}
                  onClick={() => {
                    list.current?.hidePopover();
                    item.onSelect();
                  }}
                >
                  <span className="menu-mark">
                    {item.checked ? <Icon name="check" size={16} /> : item.icon && <Icon name={item.icon} size={16} />}
                  </span>
                  {item.label}
                </button>
              ))}
            </div>
          ))}
      </div>
    </>
  );
}
