import { type KeyboardEvent, type ReactNode, type ReactElement, useId, useLayoutEffect, useRef, useState } from 'react';
import { Icon, type IconName } from './Icon';

export interface MenuItem {
  key: string;
  label: string;
  icon?: IconName;
  danger?: boolean;
  /** Set for one of several to choose from, and for what can be on or off. */
  checked?: boolean;
  /** It is on or off by itself, not in place of the others. */
  isAlone?: boolean;
  disabled?: boolean;
  onSelect: () => void;
}

export interface MenuSection {
  key: string;
  title?: string;
  /** Side by side, for items of one sign each. */
  isRow?: boolean;
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
  tabIndex?: number;
}

/** A button that opens a list of things to do or choose; by arrow keys, Home, End, Tab and Escape too. */
export function Menu({
  label,
  className = 'icon-button button-quiet',
  children,
  sections,
  onOpen,
  disabled,
  tabIndex,
}: MenuProps): ReactElement {
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

  // Only now are the items there; and what onOpen fetches may make the list longer in a moment.
  useLayoutEffect(() => {
    if (!isOpen) return;
    place();
    const all = items();
    if (!all.includes(document.activeElement as HTMLButtonElement)) (all[0] ?? list.current)?.focus();
  }, [isOpen, sections]);

  const close = () => {
    list.current?.hidePopover();
    button.current?.focus();
  };
  const move = (event: KeyboardEvent) => {
    if (event.key === 'Escape' || event.key === 'Tab') {
      // What the menu stands in, such as a panel, is not to close with it.
      event.preventDefault();
      event.stopPropagation();
      close();
      return;
    }
    const all = items();
    const index = all.indexOf(document.activeElement as HTMLButtonElement);
    const after = index + 1;
    const before = index < 0 ? -1 : index - 1;
    const next = { ArrowDown: after, ArrowRight: after, ArrowUp: before, ArrowLeft: before, Home: 0, End: all.length - 1 }[event.key];
    if (next === undefined || all.length === 0) return;
    event.preventDefault();
    event.stopPropagation();
    all[(next + all.length) % all.length]?.focus();
  };
  const openByKey = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    event.preventDefault();
    event.stopPropagation();
    if (!isOpen) list.current?.showPopover();
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
        tabIndex={tabIndex}
        onKeyDown={openByKey}
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
        tabIndex={-1}
        onKeyDown={move}
        onBeforeToggle={(event) => {
          if (event.newState === 'open') onOpen?.();
          // The toggle event comes later, and not at all when it is opened again at once.
          else setIsOpen(false);
        }}
        onToggle={(event) => setIsOpen(event.newState === 'open')}
      >
        {isOpen &&
          sections.map((section) => (
            <div key={section.key} role="group" aria-label={section.title} className={`menu-section ${section.isRow ? 'is-row' : ''}`}>
              {section.title && <div className="menu-title">{section.title}</div>}
              {section.items.map((item) => (
                <button
                  key={item.key}
                  type="button"
                  role={item.checked === undefined ? 'menuitem' : item.isAlone ? 'menuitemcheckbox' : 'menuitemradio'}
                  aria-checked={item.checked}
                  className={`menu-item ${item.danger ? 'is-danger' : ''}`}
                  disabled={item.disabled}
                  tabIndex={-1}
                  onClick={() => {
                    close();
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
