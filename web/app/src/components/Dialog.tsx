import { type FormEvent, type ReactNode, useId, useLayoutEffect, useRef } from 'react';
import { useTexts } from '../i18n';
import { Button } from './Button';

interface DialogProps {
  title: string;
  children?: ReactNode;
  confirm: string;
  className?: string;
  danger?: boolean;
  /** Whether Enter confirms at once, when the first thing in it is not what it is about. */
  focusConfirm?: boolean;
  busy?: boolean;
  error?: string;
  onConfirm: () => void;
  onClose: () => void;
}

/** A question in front of the page. Mounted while it is open; Escape closes it, focus goes back where it was. */
export function Dialog({ title, children, confirm, className = '', danger, focusConfirm = false, busy, error, onConfirm, onClose }: DialogProps) {
  const texts = useTexts();
  const titleId = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const confirmButton = useRef<HTMLButtonElement>(null);

  useLayoutEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    if (focusConfirm) confirmButton.current?.focus();
    // An open one that is only taken out of the page gives the focus back to nobody.
    return () => element?.close();
  }, [focusConfirm]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!busy) onConfirm();
  };

  return (
    <dialog ref={dialog} className={`dialog ${className}`} aria-labelledby={titleId} onClose={() => !dialog.current?.open && onClose()}>
      <form onSubmit={submit} noValidate>
        <h2 id={titleId}>{title}</h2>
        {children}
        {error && (
          <p className="form-error" role="alert">
            {error}
          </p>
        )}
        <div className="dialog-actions">
          <Button onClick={onClose}>{texts.common.cancel}</Button>
          <Button ref={confirmButton} type="submit" tone={danger ? 'danger' : 'primary'} disabled={busy}>
            {confirm}
          </Button>
        </div>
      </form>
    </dialog>
  );
}
