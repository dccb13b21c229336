import { useTexts } from '../i18n';

/** How much room is left, or by how much it is too long. */
export function Remaining({ count }: { count: number | undefined }) {
  const { conversation: texts } = useTexts();
  if (count === undefined) return null;
  if (count >= 0) return <p className="composer-remaining">{texts.remaining(count)}</p>;
  return (
    <p className="composer-remaining is-over">
      <span aria-hidden="true">−{-count}</span>
      <span className="visually-hidden">{texts.tooLong(-count)}</span>
    </p>
  );
}
